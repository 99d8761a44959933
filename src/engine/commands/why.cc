// SPDX-License-Identifier: Apache-2.0
// cais why: what the records of a container say of its end, or of why it does not run.
#include <fcntl.h>

#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/container/explain.h"
#include "estiva/base/text.h"
#include "estiva/base/utf8.h"

namespace estiva::engine {

namespace {

struct WhyFlags {
  std::string format = "text";
  uint64_t lines = 10;
};
constexpr Option kWhyRows[] = {
    options::row<&WhyFlags::format>(0, "format", "text|json", "form of the output; text if not given"),
    options::row<&WhyFlags::lines>('n', "lines", "N", "show N lines of the end of the log; 10 if not given"),
};

constexpr size_t kMostLog = 64 << 10;  // bytes from the end

// The end of the file, without the line that it begins within.
Result<std::string> end_of(const std::string& path) {
  const Fd file = TRY(sys::open(path, O_RDONLY));
  const auto size = static_cast<size_t>(TRY(sys::fstat(file)).st_size);
  const size_t from = size > kMostLog ? size - kMostLog : 0;
  std::string text(size - from, '\0');
  for (size_t done = 0; done < text.size();) {
    const size_t count =
        TRY(sys::pread(file, text.data() + done, text.size() - done, static_cast<off_t>(from + done)));
    if (count == 0) text.resize(done);
    done += count;
  }
  return from == 0 ? text : text.substr(std::min(text.size(), text.find('\n') + 1));
}

// "TIME STREAM F|P TEXT"; parts of a long line come together again.
Strings last_lines(const Engine& engine, const ContainerRecord& record, uint64_t most) {
  const std::string path = engine.containers.file(record.id, "log");
  Strings out;
  std::string line;
  for (const std::string& name : {path + ".1", path}) {
    const Result<std::string> text = end_of(name);
    for (const std::string& each : text.ok() ? text::split(text.value(), '\n') : Strings()) {
      const size_t stream = each.find(' '), tag = each.find(' ', stream + 1), begin = each.find(' ', tag + 1);
      if (stream == each.npos || tag == each.npos || begin == each.npos) continue;
      line += each.substr(begin + 1);
      if (each.substr(tag + 1, begin - tag - 1) == "F") out.push_back(std::exchange(line, {}));
    }
  }
  if (!line.empty()) out.push_back(line);
  if (out.size() > most) out.erase(out.begin(), out.end() - static_cast<ptrdiff_t>(most));
  return out;
}

std::string text_of(const ContainerRecord& record, const Explanation& told, const Strings& log) {
  std::string out =
      text::cat(record.name, " (", record.short_id(), "), of ", utf8::printable(record.image), ":\n");
  for (const std::string& each : told.sentences) out += text::cat("  ", utf8::printable(each), "\n");
  if (log.empty()) return out;
  out += "Last lines of its log:\n";
  for (const std::string& each : log) out += text::cat("  | ", utf8::printable(each), "\n");
  return out;
}

std::string json_of(const Facts& facts, const Explanation& told, const Strings& log) {
  const shim::ExitRecord& exit = facts.status.exit;
  std::string out;
  json::Writer writer(out);
  const auto text = [&](std::string_view key, std::string_view value) {
    writer.key(key);
    writer.string(value);
  };
  const auto texts = [&](std::string_view key, const Strings& values) {
    writer.key(key);
    writer.begin_array();
    for (const std::string& each : values) writer.string(each);
    writer.end_array();
  };
  writer.begin_object();
  text("ID", facts.record.id);
  text("Name", facts.record.name);
  text("State", name_of(facts.status.condition));
  writer.key("ExitCode");
  writer.number(exit.code);
  writer.key("Signal");
  writer.number(exit.signal);
  writer.key("OOMKilled");
  writer.boolean(exit.oom);
  text("OOMLimit", told.memory ? name_of(*told.memory) : "");
  text("Reason", exit.reason);
  text("StartError", facts.start_error.error);
  text("FinishedAt", utc_text(exit.finished_ns));
  writer.key("Sent");
  writer.begin_array();
  for (const Asked& each : facts.asked) {
    writer.begin_object();
    text("By", each.verb);
    writer.key("Signal");
    writer.number(each.signal);
    text("At", utc_text(each.at_ns));
    writer.end_object();
  }
  writer.end_array();
  texts("Sentences", told.sentences);
  texts("Log", log);
  writer.end_object();
  return out + "\n";
}

Result<int> why(Invocation& in) {
  WhyFlags flags;
  const Strings operands = TRY(parse_operands(kWhy, &flags, in, 1, 1));
  const Engine engine = TRY(open_containers(in));
  const ContainerRecord record = TRY(engine.containers.find(operands[0]));
  const Status status = TRY(status_of(engine.containers, record));
  const Facts facts{record, status, last_start_error(engine.containers, record.id),
                    noted_signals(engine.containers, record.id)};
  const Explanation told = explain(facts);
  const Strings log = last_lines(engine, record, flags.lines);
  TRY(print(flags.format == "json" ? json_of(facts, told, log) : text_of(record, told, log)));
  return 0;
}

}  // namespace

const Command kWhy = {"why", "CONTAINER", "tell why a container ended or does not run", kWhyRows, why};

}  // namespace estiva::engine
