#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small client of Kubernetes' container runtime interface, version v1.

cri.py SOCKET METHOD REQUEST    REQUEST and the printed answer are JSON; both have the fields of MESSAGES only.

Of the interface it knows what a pod's life needs. The messages are put on the wire here, by the rules of protocol
buffers, so that no generated code is needed.
"""
import json
import sys

import grpc

# name: (number, type); "*" is repeated, "map" is from string to string, a capital letter begins another message.
MESSAGES = {
    "RunPodSandboxRequest": {"config": (1, "PodSandboxConfig"), "runtime_handler": (2, "string")},
    "RunPodSandboxResponse": {"pod_sandbox_id": (1, "string")},
    "StopPodSandboxRequest": {"pod_sandbox_id": (1, "string")},
    "StopPodSandboxResponse": {},
    "RemovePodSandboxRequest": {"pod_sandbox_id": (1, "string")},
    "RemovePodSandboxResponse": {},
    "PodSandboxStatusRequest": {"pod_sandbox_id": (1, "string")},
    "PodSandboxStatusResponse": {"status": (1, "PodSandboxStatus")},
    "CreateContainerRequest": {"pod_sandbox_id": (1, "string"), "config": (2, "ContainerConfig"),
                               "sandbox_config": (3, "PodSandboxConfig")},
    "CreateContainerResponse": {"container_id": (1, "string")},
    "StartContainerRequest": {"container_id": (1, "string")},
    "StartContainerResponse": {},
    "StopContainerRequest": {"container_id": (1, "string"), "timeout": (2, "int")},
    "StopContainerResponse": {},
    "RemoveContainerRequest": {"container_id": (1, "string")},
    "RemoveContainerResponse": {},
    "ContainerStatusRequest": {"container_id": (1, "string")},
    "ContainerStatusResponse": {"status": (1, "ContainerStatus")},
    "UpdateContainerResourcesRequest": {"container_id": (1, "string"), "linux": (2, "LinuxContainerResources")},
    "UpdateContainerResourcesResponse": {},
    "ExecSyncRequest": {"container_id": (1, "string"), "cmd": (2, "*string"), "timeout": (3, "int")},
    "ExecSyncResponse": {"stdout": (1, "string"), "stderr": (2, "string"), "exit_code": (3, "int")},
    "PullImageRequest": {"image": (1, "ImageSpec")},
    "PullImageResponse": {"image_ref": (1, "string")},
    "VersionRequest": {"version": (1, "string")},
    "VersionResponse": {"runtime_name": (2, "string"), "runtime_version": (3, "string")},
    "PodSandboxConfig": {"metadata": (1, "PodSandboxMetadata"), "hostname": (2, "string"), "log_directory": (3, "string"),
                         "port_mappings": (5, "*PortMapping"), "labels": (6, "map"), "annotations": (7, "map"),
                         "linux": (8, "LinuxPodSandboxConfig")},
    "PodSandboxMetadata": {"name": (1, "string"), "uid": (2, "string"), "namespace": (3, "string")},
    "PortMapping": {"protocol": (1, "int"), "container_port": (2, "int"), "host_port": (3, "int")},
    "LinuxPodSandboxConfig": {"cgroup_parent": (1, "string"), "sysctls": (3, "map")},
    "PodSandboxStatus": {"id": (1, "string"), "state": (3, "int"), "network": (5, "PodSandboxNetworkStatus"),
                         "runtime_handler": (9, "string")},
    "PodSandboxNetworkStatus": {"ip": (1, "string")},
    "ContainerConfig": {"metadata": (1, "ContainerMetadata"), "image": (2, "ImageSpec"), "command": (3, "*string"),
                        "args": (4, "*string"), "working_dir": (5, "string"), "envs": (6, "*KeyValue"),
                        "mounts": (7, "*Mount"), "labels": (9, "map"), "log_path": (11, "string"),
                        "linux": (15, "LinuxContainerConfig")},
    "ContainerMetadata": {"name": (1, "string"), "attempt": (2, "int")},
    "ImageSpec": {"image": (1, "string")},
    "KeyValue": {"key": (1, "string"), "value": (2, "string")},
    "Mount": {"container_path": (1, "string"), "host_path": (2, "string"), "readonly": (3, "int")},
    "LinuxContainerConfig": {"resources": (1, "LinuxContainerResources"),
                             "security_context": (2, "LinuxContainerSecurityContext")},
    "LinuxContainerResources": {"cpu_period": (1, "int"), "cpu_quota": (2, "int"), "cpu_shares": (3, "int"),
                                "memory_limit_in_bytes": (4, "int"), "cpuset_cpus": (6, "string")},
    "LinuxContainerSecurityContext": {"capabilities": (1, "Capability"), "run_as_user": (5, "Int64Value"),
                                      "readonly_rootfs": (7, "int"), "no_new_privs": (11, "int")},
    "Capability": {"add_capabilities": (1, "*string"), "drop_capabilities": (2, "*string")},
    "Int64Value": {"value": (1, "int")},
    "ContainerStatus": {"id": (1, "string"), "state": (3, "int"), "exit_code": (7, "int"), "reason": (10, "string"),
                        "message": (11, "string")},
}
VARINT, LENGTH = 0, 2  # the wire types that these messages use


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, kind, value):
    if kind == "int":
        return varint(number << 3 | VARINT) + varint(int(value))
    data = value.encode() if kind == "string" else encode(kind, value)
    return varint(number << 3 | LENGTH) + varint(len(data)) + data


def encode(message, values):
    out = b""
    for name, value in values.items():
        number, kind = MESSAGES[message][name]
        if kind == "map":
            out += b"".join(field(number, "KeyValue", {"key": k, "value": v}) for k, v in value.items())
        elif kind.startswith("*"):
            out += b"".join(field(number, kind[1:], item) for item in value)
        else:
            out += field(number, kind, value)
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def decode(message, data):
    """Fields that MESSAGES does not have are passed over; those that are absent have their default."""
    by_number = {number: (name, kind) for name, (number, kind) in MESSAGES[message].items()}
    values = {name: 0 if kind == "int" else "" for name, kind in by_number.values() if kind in ("int", "string")}
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, at = read_varint(data, at)
        raw = None
        if tag & 7 == LENGTH:
            raw = data[at:at + number]
            at += number
        name, kind = by_number.get(tag >> 3, (None, None))
        if name is None:
            continue
        if kind == "int":
            values[name] = number
        else:
            values[name] = raw.decode() if kind == "string" else decode(kind, raw)
    return values


def main(socket, method, request):
    service = "ImageService" if "Image" in method else "RuntimeService"
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary(
            f"/runtime.v1.{service}/{method}",
            request_serializer=lambda values: encode(method + "Request", values),
            response_deserializer=lambda data: decode(method + "Response", data))
        try:
            print(json.dumps(call(json.loads(request), timeout=60)))
        except grpc.RpcError as error:
            sys.exit(f"{method}: {error.code().name}: {error.details()}")


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[2] + "Request" not in MESSAGES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
