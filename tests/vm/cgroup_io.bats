# SPDX-License-Identifier: Apache-2.0
# Block device limits of cgroup v2: io.max by file and by effect, weights.
# Guests: qemu old

load vm

# The root disk, whatever it is called here.
disk() { cat "/sys/block/$(basename "$(findmnt -n -o SOURCE /)")/dev"; }

throttles() { # PROPERTY RATE: on the root disk
    local device
    device=$(disk)
    config --arg p "$1" --argjson r "$2" --argjson a "${device%:*}" --argjson i "${device#*:}" \
        '.linux.resources.blockIO[$p] = [{"major": $a, "minor": $i, "rate": $r}]'
}

# Milliseconds that the container needs to write 4 MiB past the page cache.
write_time() {
    local before after
    args dd if=/dev/zero of=/mnt/file bs=1M count=4 oflag=direct
    before=$(date +%s%3N)
    ctr_run
    after=$(date +%s%3N)
    assert_status 0
    echo $((after - before))
}

@test "io.max: bytes and operations, read and written, in one line" {
    throttles throttleReadBpsDevice 1048576
    throttles throttleWriteBpsDevice 2097152
    throttles throttleReadIOPSDevice 300
    throttles throttleWriteIOPSDevice 400
    args sleep 1000
    ctr_running
    assert_equal "$(value io.max)" "$(disk) rbps=1048576 wbps=2097152 riops=300 wiops=400"
}

@test "io.max: one property leaves the others alone" {
    throttles throttleWriteBpsDevice 2097152
    args sleep 1000
    ctr_running
    assert_equal "$(value io.max)" "$(disk) rbps=max wbps=2097152 riops=max wiops=max"
}

@test "a write rate slows down writing" {
    local dir free limited
    dir=$(mktemp -d /var/tmp/io.XXXXXX)
    at_end "rm -rf $dir"
    config --arg d "$dir" '.mounts += [{"destination": "/mnt", "type": "bind", "source": $d, "options": ["bind"]}]'
    free=$(write_time)
    throttles throttleWriteBpsDevice 524288
    limited=$(write_time)
    # 4 MiB at 512 KiB a second are 8 s, of which a first slice may be free.
    [ "$limited" -gt $((free + 5000)) ] || fail "$free ms without, $limited ms with a limit"
}

@test "a device that does not exist is an error that names it" {
    only_estiva "others word it otherwise"
    config '.linux.resources.blockIO = {"throttleReadBpsDevice": [{"major": 250, "minor": 77, "rate": 1000}]}'
    assert_refused /linux/resources/blockIO/throttleReadBpsDevice/0
}

@test "weight: the file that the scheduler of the machine has" {
    args sleep 1000
    resources '{"blockIO": {"weight": 500}}'
    if [ -e "$(group)/io.bfq.weight" ]; then
        assert_equal "$(value io.bfq.weight)" "default 500"
    else
        assert_equal "$(value io.weight)" "default 4950"
    fi
}

@test "leafWeight is an error" {
    only_estiva "others ignore it"
    config '.linux.resources.blockIO = {"leafWeight": 500}'
    assert_refused /linux/resources/blockIO/leafWeight
}
