// SPDX-License-Identifier: Apache-2.0
// estiva ps: the processes of a container, as its cgroup has them; the table is made by ps(1).
#include <algorithm>

#include "estiva/base/process.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/commands/command.h"
#include "runtime/parent/store.h"

namespace estiva {

namespace {

struct PsOptions {
  std::string format = "table";
};

constexpr Option kPsRows[] = {
    options::row<&PsOptions::format>('f', "format", "table|json",
                                     "form of the output; table if not given; json is a list of process ids"),
};

constexpr const char* kPsProgram = "/bin/ps";

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out = text::split(line, ' ');
  std::erase(out, "");
  return out;
}

// Of what ps(1) printed: its header, and the lines whose column PID is one of ours.
Result<std::string> lines_of(const std::string& printed, const std::vector<pid_t>& pids) {
  const std::vector<std::string> lines = text::split(printed, '\n');
  const std::vector<std::string> header = words(lines[0]);
  const auto column = std::ranges::find(header, "PID");
  if (column == header.end()) {
    return Error(Code::kInvalid, "ps prints no column PID with these arguments")
        .hint("its option -o must name pid");
  }
  const size_t index = static_cast<size_t>(column - header.begin());
  std::string out = lines[0] + "\n";
  for (const std::string& line : lines) {
    const std::vector<std::string> fields = words(line);
    const auto pid = index < fields.size() ? text::number<pid_t>(fields[index]) : std::nullopt;
    if (pid && std::ranges::find(pids, *pid) != pids.end()) out += line + "\n";
  }
  return out;
}

Result<std::string> table(const std::vector<pid_t>& pids, std::vector<std::string> arguments) {
  process::Command ps{
      .path = kPsProgram, .args = {"ps"}, .env = {"LC_ALL=C"}, .input = "", .directory = "", .timeout_s = {}};
  if (arguments.empty()) arguments = {"-ef"};
  ps.args.insert(ps.args.end(), arguments.begin(), arguments.end());
  return lines_of(TRY(process::capture(ps)), pids);
}

std::string json(const std::vector<pid_t>& pids) {
  std::vector<std::string> numbers;
  numbers.reserve(pids.size());
  for (const pid_t pid : pids) numbers.push_back(text::cat(pid));
  return text::cat("[", text::join(numbers, ","), "]\n");
}

Result<int> ps(Invocation& in) {
  PsOptions given;
  // What stands behind the id is for ps(1).
  std::vector<std::string> operands = TRY(options::parse(kPs.options, &given, in.arguments, false));
  if (operands.empty())
    return Error(Code::kInvalid, "ps: an operand is missing")
        .hint(text::cat("usage: ", usage(in.program, kPs)));
  const std::string id = operands[0];
  operands.erase(operands.begin());
  const Store store = TRY(Store::open(in.global.root, false));
  const Record record = TRY(load_container(store, id, Lock::kNone)).record;
  if (record.cgroup.path.empty())
    return Error(Code::kUnsupported, text::cat("container ", text::quote(id), " has no cgroup to look in"));
  const std::vector<pid_t> pids = TRY(cgroup::processes(record.cgroup));
  const std::string text = given.format == "json" ? json(pids) : TRY(table(pids, std::move(operands)));
  TRY(print(text));
  return 0;
}

}  // namespace

const Command kPs = {"ps", "ID [PS-ARGUMENT...]",
                     "list the processes of a container, by ps -ef or with other arguments of ps", kPsRows,
                     ps};

}  // namespace estiva
