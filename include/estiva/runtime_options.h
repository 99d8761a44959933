// SPDX-License-Identifier: Apache-2.0
// Options of an OCI runtime's command line, as cais and cais-shim give them to any runtime.
#pragma once

namespace estiva::runtime_options {

inline constexpr char kRoot[] = "--root", kForce[] = "--force", kBundle[] = "--bundle",
                      kPidFile[] = "--pid-file", kConsoleSocket[] = "--console-socket",
                      kProcess[] = "--process", kTty[] = "--tty";

}  // namespace estiva::runtime_options
