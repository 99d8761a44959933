// SPDX-License-Identifier: Apache-2.0
// --userns auto: ids of the host that are the container's alone, and what is done at each start so that its files and
// volumes are its own. Containers without it are left as they are.
#pragma once

#include "engine/run/engine.h"
#include "image/mount/mapped.h"

namespace estiva::engine {

// With the lock of names, before there is a record: chooses the ids and writes them into the bundle's configuration.
Result<void> take_ids(const Engine& engine, ContainerRecord& record);

image::MountIds mount_ids(const ContainerRecord& record);

// Before a start: the way to its root file system, its /etc/hosts and the like, its id-mapped volumes.
Result<void> provide_for_users(const Engine& engine, const ContainerRecord& record);
// Nothing is removed behind an error: what is mounted there is not the container's alone.
Result<void> unmount_volumes(const Containers& containers, const std::string& id);

// An error of its start, with the directory that it may be about.
Error explain_way(const Engine& engine, const ContainerRecord& record, Error error);

}  // namespace estiva::engine
