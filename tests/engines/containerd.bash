# SPDX-License-Identifier: Apache-2.0
# containerd with contrib/engines/containerd-config.toml, for the suites of ctr and of Kubernetes' CRI.

load engines

containerd_begin() { # MORE-CONFIG
    engines_begin containerd ctr
    {
        # Keys without a table come before the first table.
        printf 'version = 2\nroot = "%s"\nstate = "%s"\n' "$T/data" "$T/state"
        sed "/^version/d; s|/usr/bin/estiva|$T/bin/estiva|" "$SNIPPETS/containerd-config.toml"
        printf '[grpc]\n  address = "%s"\n%s\n' "$T/containerd.sock" "${1-}"
    } >"$T/config.toml"
    daemon containerd containerd --log-level warn --config "$T/config.toml"
    ready 60 ctr -a "$T/containerd.sock" version
}

ctr() { inside ctr -a "$T/containerd.sock" -n "${CTR_NAMESPACE:-$EN}" "$@"; }
