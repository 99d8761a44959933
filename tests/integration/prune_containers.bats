#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais container prune, and docker's longer names.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
}

made() { good create --network host "$@" busy:1 true; }
names() { cais container ls -a --format json | jq -r .Names | sort | tr '\n' ' '; }

@test "container prune: asks, removes what does not run, tells what came back" {
    made --name new
    detached --name up busy:1 sleep 100
    detached --name held busy:1 sleep 100
    good pause held
    try run --network host --name ended busy:1 sh -c 'dd if=/dev/zero of=/big bs=1M count=5 2>/dev/null; exit 3'
    assert_status 3
    for answer in n '' yes; do
        status=0
        output=$(echo "$answer" | cais container prune) || status=$?
        assert_status 0
        assert_has "$output" "WARNING! This will remove all stopped containers." "Are you sure you want to continue? [y/N]"
        assert_lacks "$output" Deleted
        assert_equal "$(names)" "ended held new up "
    done
    good container prune </dev/null
    assert_equal "$(names)" "ended held new up "
    id=$(cais inspect ended | jq -r .[0].Id)
    output=$(echo y | cais container prune)
    assert_has "$output" "Deleted Containers:" "$id" "Total reclaimed space: 5."
    assert_equal "$(names)" "held up "
    good container prune -f
    assert_equal "$output" "Total reclaimed space: 0 B"
}

@test "container prune: filters" {
    made --name aa --label x=1
    made --name bb --label x=2
    made --name cc
    refused 'invalid filter "name"' -- container prune -f --filter name=a
    refused "is no time" -- container prune -f --filter until=yesterday
    refused 'invalid argument "label"' -- container prune -f --filter label
    good container prune -f --filter until=1h30m
    assert_equal "$(names)" "aa bb cc "
    good container prune -f --filter label=x=1
    assert_equal "$(names)" "bb cc "
    good container prune -f --filter label=x --filter until=1h
    good container prune -f --filter 'label!=x' --filter "until=$(($(date +%s) + 100))"
    assert_equal "$(names)" "bb "
    good container prune -f --filter until=0s --filter label=x=3
    assert_equal "$(names)" "bb "
}

@test "container COMMAND is that command" {
    good container run --network host --rm busy:1 echo hello
    assert_equal "$output" hello
    made --name aa
    good container rm aa
    refused 'unknown command "container dance"' "usage: cais container" -- container dance
    refused "an operand is missing" -- container
    good complete -- container pru
    assert_equal "$output" prune
}
