// SPDX-License-Identifier: Apache-2.0
// One function an instruction, in a table.
#include "image/commit/instructions.h"

#include <signal.h>
#include <string.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "image/commit/words.h"

namespace estiva::image {

namespace {

using Words = std::vector<std::string>;

Error wrong(std::string message) { return Error(Code::kInvalid, std::move(message)); }

struct State {
  ContainerConfig& config;
  bool cmd_set = false;

  Lookup lookup() const {
    return [this](std::string_view name) -> std::optional<std::string> {
      for (const std::string& each : config.env)
        if (each.size() > name.size() && each.starts_with(name) && each[name.size()] == '=')
          return each.substr(name.size() + 1);
      return std::nullopt;
    };
  }
};

void set_variable(Words& env, const std::string& name, const std::string& value) {
  const auto found =
      std::ranges::find_if(env, [&](const std::string& each) { return each.starts_with(name + "="); });
  std::string text = text::cat(name, "=", value);
  if (found != env.end()) {
    *found = std::move(text);
  } else {
    env.push_back(std::move(text));
  }
}

// ["a", "b"]; nothing for what is no such list: docker takes that for a shell's command.
std::optional<Words> read_list(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  Result<Words> words = codec::decode<Words>(text);
  if (!words.ok()) return std::nullopt;
  return std::move(words).value();
}

Words read_command(std::string_view text, const ContainerConfig& config) {
  if (std::optional<Words> list = read_list(text)) return *list;
  if (text.empty()) return {};
  Words words = config.shell.empty() ? Words{"/bin/sh", "-c"} : config.shell;
  words.emplace_back(text);
  return words;
}

Result<void> set_cmd(std::string_view text, State& state) {
  state.config.cmd = read_command(text, state.config);
  state.cmd_set = true;
  return {};
}

// A CMD that was meant for another ENTRYPOINT goes with it.
Result<void> set_entrypoint(std::string_view text, State& state) {
  state.config.entrypoint = read_command(text, state.config);
  if (!state.cmd_set) state.config.cmd.clear();
  return {};
}

// "NAME=VALUE ...", or one "NAME VALUE" up to the end.
template <typename Set>
Result<void> read_pairs(std::string_view text, const State& state, const Set& set) {
  const Words words = TRY(split_words(text));
  if (words.empty()) return wrong("needs NAME=VALUE");
  if (words[0].find('=') == std::string::npos) {
    if (words.size() < 2) return wrong(text::cat(text::quote(words[0]), " has no value: NAME=VALUE"));
    const std::string_view rest = text::trim(text.substr(text.find(words[0]) + words[0].size()));
    set(TRY(expand_word(words[0], state.lookup())), TRY(expand_word(rest, state.lookup())));
    return {};
  }
  // All by the variables as they were before.
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return wrong(text::cat(text::quote(word), " is no NAME=VALUE"));
    pairs.emplace_back(TRY(expand_word(std::string_view(word).substr(0, equals), state.lookup())),
                       TRY(expand_word(std::string_view(word).substr(equals + 1), state.lookup())));
  }
  for (const auto& [name, value] : pairs) set(name, value);
  return {};
}

Result<void> add_env(std::string_view text, State& state) {
  return read_pairs(text, state, [&](const std::string& name, const std::string& value) {
    set_variable(state.config.env, name, value);
  });
}

Result<void> add_labels(std::string_view text, State& state) {
  return read_pairs(text, state, [&](const std::string& name, const std::string& value) {
    state.config.labels[name] = value;
  });
}

Result<Words> expand_all(std::string_view text, const State& state) {
  Words out;
  for (const std::string& word : TRY(split_words(text)))
    out.push_back(TRY(expand_word(word, state.lookup())));
  return out;
}

// "80", "80/tcp", "8000-8010/udp".
Result<void> add_port(const std::string& text, ContainerConfig& config) {
  const size_t slash = text.find('/'), dash = text.find('-');
  const std::string protocol = slash == std::string::npos ? "tcp" : text::lower(text.substr(slash + 1));
  const std::string range = text.substr(0, slash);
  const auto first = text::number<uint16_t>(range.substr(0, dash));
  const auto last = dash < slash ? text::number<uint16_t>(range.substr(dash + 1)) : first;
  const bool known = protocol == "tcp" || protocol == "udp" || protocol == "sctp";
  if (!known || !first || !last || *first == 0 || *last < *first)
    return wrong(text::cat(text::quote(text), " is no port, such as 80, 53/udp or 8000-8010"));
  for (unsigned port = *first; port <= *last; ++port)
    config.exposed_ports.emplace(text::cat(port, "/", protocol), std::map<std::string, std::string>());
  return {};
}

Result<void> add_ports(std::string_view text, State& state) {
  const Words words = TRY(expand_all(text, state));
  if (words.empty()) return wrong("names no port");
  for (const std::string& word : words) TRY(add_port(word, state.config));
  return {};
}

Result<void> add_volumes(std::string_view text, State& state) {
  std::optional<Words> paths = read_list(text);
  if (!paths) paths = TRY(expand_all(text, state));
  if (paths->empty()) return wrong("names no directory");
  for (const std::string& path : *paths) {
    if (path.empty()) return wrong("names an empty path");
    state.config.volumes.emplace(path, std::map<std::string, std::string>());
  }
  return {};
}

Result<void> set_user(std::string_view text, State& state) {
  const Words words = TRY(expand_all(text, state));
  if (words.size() != 1 || words[0].empty()) return wrong("takes one USER[:GROUP]");
  state.config.user = words[0];
  return {};
}

std::string joined(const std::string& base, const std::string& path) {
  Words parts;
  for (const std::string& part :
       text::split(path.starts_with('/') ? path : text::cat(base, "/", path), '/')) {
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  return "/" + text::join(parts, "/");
}

Result<void> set_directory(std::string_view text, State& state) {
  const std::string path = TRY(expand_word(text, state.lookup()));
  if (path.empty()) return wrong("takes a path");
  state.config.working_dir = joined(state.config.working_dir, path);
  return {};
}

// "9", "KILL", "SIGKILL", "RTMIN+3".
bool is_signal(std::string_view text) {
  if (const auto number = text::number<int>(text)) return *number > 0 && *number < NSIG;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* name = ::sigabbrev_np(number);
    if (name != nullptr && text == name) return true;
  }
  if (text == "RTMIN" || text == "RTMAX") return true;
  const auto offset = text::number<int>(text.substr(std::min<size_t>(6, text.size())));
  return offset && *offset <= 30 && (text.starts_with("RTMIN+") || text.starts_with("RTMAX-"));
}

Result<void> set_stop_signal(std::string_view text, State& state) {
  const Words words = TRY(expand_all(text, state));
  if (words.size() != 1 || !is_signal(words[0])) return wrong("takes a signal, such as SIGTERM or 15");
  state.config.stop_signal = words[0];
  return {};
}

Result<void> add_trigger(std::string_view text, State& state) {
  if (text.empty()) return wrong("takes an instruction");
  state.config.on_build.emplace_back(text);
  return {};
}

struct Instruction {
  std::string_view name;
  Result<void> (*apply)(std::string_view text, State& state);
};
constexpr Instruction kInstructions[] = {
    {"CMD", set_cmd},           {"ENTRYPOINT", set_entrypoint},  {"ENV", add_env},   {"EXPOSE", add_ports},
    {"LABEL", add_labels},      {"ONBUILD", add_trigger},        {"USER", set_user}, {"VOLUME", add_volumes},
    {"WORKDIR", set_directory}, {"STOPSIGNAL", set_stop_signal},
};

Error unknown(std::string_view name) {
  std::vector<std::string> known;
  for (const Instruction& each : kInstructions) known.emplace_back(each.name);
  return wrong(text::cat(text::quote(name), " is none of ", text::join(known, ", ")));
}

Result<void> apply_one(std::string_view text, State& state) {
  text = text::trim(text);
  const size_t end = std::min(text.find_first_of(" \t="), text.size());
  const std::string_view name = text.substr(0, end);
  const auto found = std::ranges::find_if(
      kInstructions, [&](const Instruction& each) { return text::lower(each.name) == text::lower(name); });
  if (found == std::end(kInstructions)) return unknown(name);
  return found->apply(text::trim(text.substr(std::min(end + 1, text.size()))), state);
}

}  // namespace

Result<void> apply_instructions(std::span<const std::string> instructions, ContainerConfig& config) {
  State state{config};
  for (const std::string& each : instructions) {
    Result<void> applied = apply_one(each, state);
    if (!applied.ok()) return std::move(applied).error().object(text::cat("change ", text::quote(each)));
  }
  return {};
}

}  // namespace estiva::image
