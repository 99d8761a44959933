// SPDX-License-Identifier: Apache-2.0
// Command lines from tables.
#include "estiva/base/options.h"

#include <algorithm>

namespace estiva::options {

namespace {

constexpr size_t kHelpColumn = 30;  // where the text of an option begins

Error unknown_in(std::span<const Option> table, std::string_view word) {
  std::vector<std::string> names;
  for (const Option& option : table) names.push_back(text::cat("--", option.name));
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  Error error(Code::kInvalid, unknown(word));
  if (const auto near = text::nearest(word, candidates))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return error;
}

const Option* find_long(std::span<const Option> table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Option& o) { return name == o.name; });
  return found == table.end() ? nullptr : &*found;
}

const Option* find_letter(std::span<const Option> table, char letter) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Option& o) { return letter == o.letter; });
  return found == table.end() ? nullptr : &*found;
}

Result<void> set(const Word& word, void* target) {
  const std::vector<std::string> allowed =
      word.option->argument != nullptr ? choices(word.option->argument) : std::vector<std::string>();
  if (!allowed.empty() && std::ranges::find(allowed, word.value) == allowed.end())
    return Error(Code::kInvalid,
                 text::cat("takes ", text::join(allowed, " or "), ", not ", text::quote(word.value)));
  return target == nullptr ? Result<void>() : word.option->set(target, word.value);
}

}  // namespace

std::string unknown(std::string_view word) { return text::cat("unknown option ", text::quote(word)); }

Word read_word(std::span<const Option> table, std::string_view typed) {
  Word word;
  const size_t equals = typed.find('=');
  word.name = typed.substr(0, equals);
  word.has_value = equals != std::string_view::npos;
  if (word.has_value) word.value = typed.substr(equals + 1);
  const std::string_view bare = word.name.substr(word.name.starts_with("--") ? 2 : 1);
  word.option =
      bare.size() == 1 && !word.name.starts_with("--") ? find_letter(table, bare[0]) : find_long(table, bare);
  if (word.option == nullptr && !word.name.starts_with("--") && typed.size() > 2) {
    const Option* joined = find_letter(table, typed[1]);
    if (joined != nullptr && joined->argument != nullptr) {
      word.option = joined;
      word.value = typed.substr(2);
      word.has_value = true;
    }
  }
  return word;
}

std::vector<std::string> choices(std::string_view argument) {
  if (argument.find('|') == std::string_view::npos) return {};
  return text::split(argument, '|');
}

// How many letters of "-abc" are options without a value, so that they may stand together: all, or all but the last,
// which takes one; 0: it is no such group.
static size_t grouped(std::span<const Option> table, std::string_view typed) {
  if (typed.size() < 3 || typed[0] != '-' || typed[1] == '-') return 0;
  for (size_t i = 1; i < typed.size(); ++i) {
    const Option* option = find_letter(table, typed[i]);
    if (option == nullptr) return 0;
    if (option->argument != nullptr) return i - 1;
  }
  return typed.size() - 1;
}

Result<std::vector<std::string>> parse(std::span<const Option> table, void* target,
                                       std::span<const std::string> arguments, bool mixed) {
  std::vector<std::string> operands;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view typed = arguments[i];
    std::string last;  // of a group, with its value
    if (typed == "--") {
      operands.insert(operands.end(), arguments.begin() + static_cast<ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (typed.size() < 2 || typed[0] != '-') {
      if (!mixed) {
        operands.insert(operands.end(), arguments.begin() + static_cast<ptrdiff_t>(i), arguments.end());
        break;
      }
      operands.emplace_back(typed);
      continue;
    }
    Word word = read_word(table, typed);
    if (const size_t count = word.option == nullptr ? grouped(table, typed) : 0; count > 0) {
      for (size_t k = 1; k <= count; ++k)
        if (target != nullptr) TRY(find_letter(table, typed[k])->set(target, ""));
      if (count + 1 == typed.size()) continue;
      last = text::cat("-", typed.substr(count + 1));
      word = read_word(table, last);
    }
    if (word.option == nullptr) return unknown_in(table, word.name);
    if (word.wants_value()) {
      if (i + 1 == arguments.size())
        return Error(Code::kInvalid, text::cat("option ", word.name, " needs a value"));
      word.value = arguments[++i];
    }
    TRY(set(word, target).context([&] { return text::cat("option ", word.name); }));
  }
  return operands;
}

std::string describe(std::span<const Option> table) {
  std::string lines;
  for (const Option& option : table) {
    if (option.heading != nullptr) {
      text::append(lines, text::cat(lines.empty() ? "" : "\n", option.heading, ":\n"));
    } else if (lines.empty()) {
      lines = "Options:\n";
    }
    std::string line = option.letter != 0 ? text::cat("  -", option.letter, ", --", option.name)
                                          : text::cat("      --", option.name);
    if (option.argument != nullptr) text::append(line, text::cat(" ", option.argument));
    if (line.size() > kHelpColumn - 2) {
      text::append(lines, text::cat(line, "\n"));
      line.clear();
    }
    line.resize(kHelpColumn, ' ');
    lines += text::cat(line, option.help, "\n");
  }
  return lines;
}

}  // namespace estiva::options
