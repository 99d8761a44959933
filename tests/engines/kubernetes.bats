# SPDX-License-Identifier: Apache-2.0
# What a kubelet does on a node: containerd's runtime interface (CRI) with estiva as a handler, which is what the
# RuntimeClass of contrib/engines/kubernetes-runtimeclass.yaml names. The kubelet's part is played by cri.py.

load containerd

setup_file() {
    [ -x /usr/lib/cni/bridge ] || fail "there is no /usr/lib/cni/bridge: contrib/setup test installs it"
    containerd_begin '[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "'"$REGISTRY"'/pause:1"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/run/cni-conf"
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."'"$REGISTRY"'"]
  endpoint = ["http://'"$REGISTRY"'"]'
    registry_begin
    write_network
    ready 60 "$PYTHON" "$ENGINES/cri.py" "$T/containerd.sock" Version '{}'
    cri PullImage --arg i "$IMAGE" '{image: {image: $i}}'
}

teardown_file() { engines_end; }

# What a test that failed has left.
teardown() { [ -z "${pod-}" ] || stop_pod; }

# A registry of this machine: the kubelet's images are pulled.
registry_begin() {
    mkdir -p "$T/registry"
    cat >"$T/registry.yml" <<CONF
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $T/registry}}
http: {addr: $REGISTRY}
CONF
    daemon registry docker-registry serve "$T/registry.yml"
    ready 30 "$PYTHON" -c "import urllib.request; urllib.request.urlopen('http://$REGISTRY/v2/')"
    ctr images import "$(image_file busybox)" >/dev/null
    ctr images tag "$IMAGE" "$REGISTRY/pause:1" >/dev/null
    ctr images push --plain-http "$IMAGE" >/dev/null
    ctr images push --plain-http "$REGISTRY/pause:1" >/dev/null
}

write_network() {
    inside mkdir -p /run/cni-conf
    inside tee /run/cni-conf/net.conflist >/dev/null <<'CONF'
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true,
   "ipam": {"type": "host-local", "subnet": "10.88.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
CONF
}

cri() { # METHOD [JQ-ARGUMENT...] REQUEST-AS-JQ
    local method=$1
    shift
    inside "$PYTHON" "$ENGINES/cri.py" "$T/containerd.sock" "$method" "$(jq -n -c "$@")"
}

handler() { sed -n 's/^handler: //p' "$SNIPPETS/kubernetes-runtimeclass.yaml"; }

# Runs a pod's sandbox; sets pod, and $T/pod.json for its containers.
run_pod() { # [JQ: more of its configuration]
    jq -n --arg name "pod-$BATS_TEST_NUMBER" --arg parent "/$EN" --arg t "$T" '{
        metadata: {name: $name, uid: ($name + "-uid"), namespace: "default"}, hostname: $name,
        log_directory: ($t + "/log"), linux: {cgroup_parent: $parent}} * '"${1:-{\}}" >"$T/pod.json"
    pod=$(cri RunPodSandbox --slurpfile c "$T/pod.json" --arg h "$(handler)" '{config: $c[0], runtime_handler: $h}' |
        jq -r .pod_sandbox_id)
}

# Creates and starts a container in the pod; sets container.
run_container() { # NAME JQ-CONFIGURATION
    create_container "$1" "$2"
    cri StartContainer --arg c "$container" '{container_id: $c}' >/dev/null
}

create_container() {
    container=$(cri CreateContainer --arg p "$pod" --arg n "$1" --arg i "$IMAGE" --slurpfile c "$T/pod.json" \
        '{pod_sandbox_id: $p, sandbox_config: $c[0],
          config: ({metadata: {name: $n}, image: {image: $i}, log_path: ($n + ".log")} * '"$2"')}' | jq -r .container_id)
}

container_status() { cri ContainerStatus --arg c "$container" '{container_id: $c}' | jq -r ".status.$1"; }
exec_in() { cri ExecSync --arg c "$container" '{container_id: $c, cmd: $ARGS.positional, timeout: 20}' --args -- "$@"; }
stop_pod() {
    cri StopPodSandbox --arg p "$pod" '{pod_sandbox_id: $p}' >/dev/null
    cri RemovePodSandbox --arg p "$pod" '{pod_sandbox_id: $p}' >/dev/null
    pod=
}

# CONTAINER_RUNNING and CONTAINER_EXITED, by their numbers.
RUNNING=1 EXITED=2

@test "smoke: pull, a pod, a container in it, exec, stop, remove" {
    assert_has "$(cri PullImage --arg i "$IMAGE" '{image: {image: $i}}')" sha256:
    run_pod
    assert_called "$pod" create start
    run_container main '{command: ["sh", "-c", "trap \"exit 3\" TERM; while :; do sleep 0.1; done"]}'
    assert_called "$container" create start
    assert_equal "$(container_status state)" $RUNNING
    local answer
    answer=$(exec_in sh -c 'hostname; exit 5')
    assert_equal "$(jq -r '.stdout, .exit_code' <<<"$answer")" "pod-$BATS_TEST_NUMBER

5"
    assert_called "$container" exec
    cri StopContainer --arg c "$container" '{container_id: $c, timeout: 10}'
    assert_equal "$(container_status state) $(container_status exit_code)" "$EXITED 3"
    cri RemoveContainer --arg c "$container" '{container_id: $c}'
    local id=$pod
    stop_pod
    assert_called "$container" kill delete
    assert_called "$id" delete
}

@test "the handler of the RuntimeClass is the runtime" {
    run_pod
    assert_equal "$(cri PodSandboxStatus --arg p "$pod" '{pod_sandbox_id: $p}' | jq -r .status.runtime_handler)" estiva
    stop_pod
    run cri RunPodSandbox --slurpfile c "$T/pod.json" '{config: $c[0], runtime_handler: "nobody"}'
    [ "$status" -ne 0 ]
    assert_has "$output" nobody
}

@test "containers of a pod share its network, and have an address" {
    run_pod
    run_container server '{command: ["sh", "-c", "while :; do echo ahoy | nc -l -p 8080; done"]}'
    local address
    address=$(cri PodSandboxStatus --arg p "$pod" '{pod_sandbox_id: $p}' | jq -r .status.network.ip)
    assert_match "$address" '^10\.88\.0\.'
    run_container client '{command: ["sleep", "1000"]}'
    assert_has "$(exec_in sh -c 'nc 127.0.0.1 8080 </dev/null' | jq -r .stdout)" ahoy
    stop_pod
}

@test "limits, and their update while it runs" {
    run_pod
    run_container small '{command: ["sleep", "1000"],
        linux: {resources: {memory_limit_in_bytes: 67108864, cpu_quota: 50000, cpu_period: 100000, cpu_shares: 512}}}'
    local pid
    pid=$(CTR_NAMESPACE=k8s.io ctr task list | awk -v id="$container" '$1 == id { print $2 }')
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 67108864
    cri UpdateContainerResources --arg c "$container" '{container_id: $c, linux: {memory_limit_in_bytes: 100663296}}'
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 100663296
    assert_called "$container" update
    stop_pod
}

@test "security context, volumes, environment, sysctls, logs" {
    mkdir -p "$T/volume"
    echo cargo >"$T/volume/file"
    run_pod '{linux: {sysctls: {"net.ipv4.ip_unprivileged_port_start": "80"}}}'
    run_container careful '{command: ["sh", "-c"],
        args: ["cat /data/file; id -u; echo $SHIP; touch /x || echo read-only; grep -E \"CapEff|NoNewPrivs\" /proc/self/status; cat /proc/sys/net/ipv4/ip_unprivileged_port_start"],
        envs: [{key: "SHIP", value: "estiva"}], mounts: [{container_path: "/data", host_path: "'"$T"'/volume", readonly: 1}],
        linux: {security_context: {run_as_user: {value: 1000}, readonly_rootfs: 1, no_new_privs: 1,
            capabilities: {drop_capabilities: ["ALL"]}}}}'
    ended() { [ "$(container_status state)" = $EXITED ]; }
    wait_for 10 ended
    local log
    log=$(cat "$T/log/careful.log")
    assert_has "$log" cargo "F 1000" "F estiva" read-only 0000000000000000 "F 80"
    stop_pod
}

@test "a container above its memory: OOMKilled, as the kubelet reads it" {
    run_pod
    run_container hungry '{command: ["testinit", "alloc", "100"], linux: {resources: {memory_limit_in_bytes: 33554432}}}'
    ended() { [ "$(container_status state)" = $EXITED ]; }
    wait_for 20 ended
    assert_equal "$(container_status exit_code) $(container_status reason)" "137 OOMKilled"
    stop_pod
}

@test "a program that is not there: StartContainer says which" {
    run_pod
    create_container nothing '{command: ["/no/such/program"]}'
    run cri StartContainer --arg c "$container" '{container_id: $c}'
    [ "$status" -ne 0 ]
    assert_has "$output" /no/such/program
    assert_match "$(container_status exit_code)" '12[78]'
    stop_pod
}
