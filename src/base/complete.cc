// SPDX-License-Identifier: Apache-2.0
// The command `complete`: what may stand in place of the last of the words typed so far, read from the same tables as
// the words themselves. The shells' own files (contrib/completions) only ask and show.
#include "estiva/base/program.h"
#include "estiva/base/text.h"

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
  return Line{last.option, TRY(options::parse(table, target, words.first(words.size() - 1), mixed))};
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

// `operands` as in Command; the word is the one with this index. The last of them may be there several times ("ID...").
Result<void> offer_operand(Answer& answer, const Invocation& in, const char* operands, size_t index) {
  const std::vector<std::string> all = text::split(operands, ' ');
  std::string_view operand = index < all.size() ? all[index] : all.back();
  const bool repeated = operand.ends_with("...") || operand.ends_with("...]");
  if ((index >= all.size() && !repeated) || in.program.candidates == nullptr) return {};
  for (const std::string& candidate : TRY(in.program.candidates(in.global, operand))) answer.offer(candidate);
  for (const std::string& choice : options::choices(operand))
    if (choice.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == choice.npos) answer.offer(choice);
  // What else it may be is the shell's to find.
  if (answer.lines.empty() && operand.find("DIR") != std::string_view::npos) answer.lines = ":directory\n";
  if (answer.lines.empty() && operand.find("FILE") != std::string_view::npos) answer.lines = ":file\n";
  return {};
}

}  // namespace

Result<int> complete_words(const Command& command, Invocation& in) {
  std::vector<std::string> words = TRY(parse_operands(command, nullptr, in, 1, SIZE_MAX));
  const std::string typed = std::move(words.back());
  words.pop_back();
  Answer answer{typed, ""};
  const Line front = TRY(read_line(in.program.options, &in.global, words, false));
  if (front.operands.empty()) {
    if (!offer_option(answer, in.program.options, front)) {
      for (const Command* each : in.program.commands)
        if (each->name[0] != '_') answer.offer(each->name, each->summary);
    }
  } else {
    const Command& given = *TRY(find_command(in.program, front.operands[0]));
    const Line line = TRY(read_line(given.options, nullptr, std::span(front.operands).subspan(1),
                                    !given.options_end_at_operand));
    if (!offer_option(answer, given.options, line))
      TRY(offer_operand(answer, in, given.operands, line.operands.size()));
  }
  TRY(print(answer.lines));
  return 0;
}

}  // namespace estiva
