// SPDX-License-Identifier: Apache-2.0
// Answers what the init asks for until it is ready.
#pragma once

#include <functional>

#include "runtime/net/devices.h"
#include "runtime/parent/record.h"
#include "runtime/parent/spawn.h"

namespace estiva {

// `ready` writes what must be on disk before the program may run, and answers; its failure fails the init.
Result<void> serve(InitProcess& init, const Plan& plan, const Record& record, net::MovedDevices& devices,
                   const std::function<Result<void>()>& ready);

}  // namespace estiva
