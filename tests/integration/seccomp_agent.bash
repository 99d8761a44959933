# SPDX-License-Identifier: Apache-2.0
# For tests of SCMP_ACT_NOTIFY: profiles, the agent's life, what it was asked. Goes with helpers.

setup() {
    common_setup
    AGENT=$T/agent.sock
    case $(uname -m) in
    x86_64) KCMP=312 ;;
    *) KCMP=272 ;;
    esac
}

start_agent() { # [NUMBER=ERRNO... | die]
    rm -f "$AGENT"
    # By names without the container's id: the leak check looks for it.
    (cd "$T" && exec "$PYTHON" "$HERE/seccomp_agent.py" agent.sock agent.log "$@" 3>&-) &
    AGENT_PID=$!
    at_end "kill $AGENT_PID 2>/dev/null || :"
    wait_for 10 test -S "$AGENT"
}

# How often the agent was asked for a call.
asked() { grep -cF "{\"call\": $1}" "$T/agent.log"; }

# The bundle leaves these calls to the agent.
notify() { # NAME... [-- FILTER]
    local names=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        names+=("$1")
        shift
    done
    # shellcheck disable=SC2016
    config --arg socket "$AGENT" --arg names "${names[*]}" '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": $socket, "listenerMetadata": "for the \"agent\"",
        "syscalls": [{"action": "SCMP_ACT_NOTIFY", "names": ($names | split(" "))}]} | '"${2:-.}"
}
