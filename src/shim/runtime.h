// SPDX-License-Identifier: Apache-2.0
// The OCI runtime's command line, as cais-shim calls it: one command at a time, waited for. Errors are what the runtime
// wrote, on one line.
#pragma once

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/process.h"
#include "estiva/shim_records.h"

namespace estiva::shim {

class Runtime {
 public:
  explicit Runtime(const Conf& conf) : conf_(conf) {}

  Result<pid_t> begin(std::vector<std::string> arguments, const process::Streams& streams) const;
  // Waits for it. The result is what it wrote to `said`, the other end of one of its streams; not valid: it is not read.
  Result<std::string> end(pid_t pid, FdView said) const;
  // Without standard streams of a container.
  Result<std::string> run(std::vector<std::string> arguments) const;

 private:
  const Conf& conf_;
};

// What can be read without waiting, as one line; at most the last few KiB.
std::string said_on(FdView pipe);
// In one line, printable.
std::string one_line(std::string_view text);

// A terminal is sent to this socket by the runtime.
class ConsoleSocket {
 public:
  static Result<ConsoleSocket> listen(const std::string& path);
  ConsoleSocket(ConsoleSocket&&) = default;
  ~ConsoleSocket();
  const std::string& path() const { return path_; }
  // The master's descriptor; the runtime has ended, so it is there or will never be.
  Result<Fd> receive() const;

 private:
  ConsoleSocket() = default;
  std::string path_;
  Fd socket_;
};

}  // namespace estiva::shim
