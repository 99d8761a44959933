// SPDX-License-Identifier: Apache-2.0
// estiva ps, pause and resume: the processes of a container, as its cgroup has them.
#include <algorithm>

#include "estiva/base/process.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/commands/command.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

struct PsOptions {
  std::string format = "table";
};

constexpr Option kPsRows[] = {
    options::row<&PsOptions::format>('f', "format", "table|json", "how; json lists the process ids"),
};

constexpr const char* kPsProgram = "/bin/ps";

Error wrong_state(const char* verb, const Record& record, spec::Status status) {
  return Error(Code::kState, text::cat("cannot ", verb, " container ", text::quote(record.id), " in the ",
                                       spec::name(status), " state"));
}

Result<int> pause(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kPause, nullptr, in, 1, 1));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[0], Lock::kWait));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status != spec::Status::kRunning) return wrong_state("pause", found.record, status);
  TRY(cgroup::freeze(found.record.cgroup));
  return 0;
}

Result<int> resume(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kResume, nullptr, in, 1, 1));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[0], Lock::kWait));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status != spec::Status::kPaused) return wrong_state("resume", found.record, status);
  TRY(cgroup::thaw(found.record.cgroup));
  return 0;
}

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
  for (const pid_t pid : pids) numbers.push_back(text::cat(pid));
  return text::cat("[", text::join(numbers, ","), "]\n");
}

Result<int> ps(Invocation& in) {
  PsOptions given;
  // What stands behind the id is for ps(1).
  std::vector<std::string> operands = TRY(options::parse(kPs.options, &given, in.arguments, false));
  if (operands.empty())
    return Error(Code::kInvalid, "ps: an operand is missing").hint(text::cat("usage: ", usage(kPs)));
  const std::string id = operands[0];
  operands.erase(operands.begin());
  const Store store = TRY(Store::open(in.global.root, false));
  const Record record = TRY(load_container(store, id, Lock::kNone))
  .record;
  if (record.cgroup.path.empty())
    return Error(Code::kUnsupported, text::cat("container ", text::quote(id), " has no cgroup to look in"));
  const std::vector<pid_t> pids = TRY(cgroup::processes(record.cgroup));
  const std::string text = given.format == "json" ? json(pids) : TRY(table(pids, std::move(operands)));
  TRY(print(text));
  return 0;
}

}  // namespace

const Command kPs = {"ps", "ID [PS-ARGUMENT...]",
                     "show the processes of a container; by ps -ef if nothing else is said", kPsRows, ps};
const Command kPause = {"pause", "ID", "suspend all processes of a running container", {}, pause};
const Command kResume = {"resume", "ID", "let the processes of a paused container go on", {}, resume};

}  // namespace estiva
