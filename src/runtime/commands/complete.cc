// SPDX-License-Identifier: Apache-2.0
// estiva complete: what may stand in place of the last of the words typed so far, read from the same tables as the
// words themselves. The shells' own files (contrib/completions) only ask and show.
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/commands/command.h"
#include "runtime/parent/store.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

// The answer, one candidate a line, its help after a tab; or one line that leaves the work to the shell.
struct Answer {
  std::string_view typed;  // of the word, so far
  std::string lines;

  void offer(std::string_view candidate, std::string_view help = "") {
    if (candidate.starts_with(typed)) lines += text::cat(candidate, help.empty() ? "" : "\t", help, "\n");
  }
};

struct Line {
  const Option* value_of = nullptr;  // the word is the value of this option
  std::vector<std::string> operands;
};

Result<Line> read_line(std::span<const Option> table, void* target, std::span<const std::string> words,
                       bool mixed) {
  Result<std::vector<std::string>> operands = options::parse(table, target, words, mixed);
  if (operands.ok()) return Line{nullptr, std::move(operands).value()};
  const options::Word last = options::read_word(table, words.back());
  if (!last.wants_value()) return std::move(operands).error();
  return Line { last.option, TRY(options::parse(table, target, words.first(words.size() - 1), mixed)) };
}

void offer_value(Answer& answer, std::string_view argument) {
  if (argument == "DIR") answer.lines = ":directory\n";
  if (argument == "FILE" || argument == "SOCKET") answer.lines = ":file\n";
  for (const std::string& choice : options::choices(argument)) answer.offer(choice);
}

// False if the word is no option and no option's value.
bool offer_option(Answer& answer, std::span<const Option> table, const Line& line) {
  if (line.value_of != nullptr) {
    offer_value(answer, line.value_of->argument);
    return true;
  }
  if (!answer.typed.starts_with('-')) return false;
  const options::Word word = options::read_word(table, answer.typed);
  if (answer.typed.starts_with("--") && word.has_value) {
    answer.typed = word.value;
    if (word.option != nullptr && word.option->argument != nullptr)
      offer_value(answer, word.option->argument);
    return true;
  }
  for (const Option& option : table) answer.offer(text::cat("--", option.name), option.help);
  return true;
}

// `operands` as in Command; the word is the one with this index.
Result<void> offer_operand(Answer& answer, const GlobalOptions& global, const char* operands, size_t index) {
  const std::vector<std::string> all = text::split(operands, ' ');
  const std::string_view operand = index < all.size() ? std::string_view(all[index]) : "";
  if (operand == "[SIGNAL]") {
    for (const std::string& name : names::signal_names()) answer.offer(name);
  }
  if (operand == "ID") {
    const Store store = TRY(Store::open(global.root, false));
    for (const std::string& id : TRY(store.ids())) answer.offer(id);
  }
  return {};
}

Result<int> complete(Invocation& in) {
  std::vector<std::string> words = TRY(parse_operands(kComplete, nullptr, in, 1, SIZE_MAX));
  const std::string typed = std::move(words.back());
  words.pop_back();
  Answer answer{typed, ""};
  GlobalOptions global;
  const Line front = TRY(read_line(global_options(), &global, words, false));
  if (front.operands.empty()) {
    if (!offer_option(answer, global_options(), front)) {
      for (const Command* command : commands()) answer.offer(command->name, command->summary);
    }
  } else {
    const Command& command = *TRY(find_command(front.operands[0]));
    const Line line = TRY(read_line(command.options, nullptr, std::span(front.operands).subspan(1), true));
    if (!offer_option(answer, command.options, line))
      TRY(offer_operand(answer, global, command.operands, line.operands.size()));
  }
  TRY(print(answer.lines));
  return 0;
}

}  // namespace

const Command kComplete = {
    "complete", "-- WORD...", "print what may stand for the last word of a command line", {}, complete};

}  // namespace estiva
