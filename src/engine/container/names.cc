// SPDX-License-Identifier: Apache-2.0
// Words for names, and random numbers.
#include "engine/container/names.h"

#include <fcntl.h>

#include <iterator>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr const char* kAdjectives[] = {
    "able",   "agile",   "ample",  "brave",  "brief",  "bright", "broad",  "calm",   "candid", "clear",
    "clever", "cosy",    "crisp",  "deft",   "early",  "easy",   "equal",  "exact",  "fair",   "fast",
    "fine",   "firm",    "fond",   "frank",  "free",   "fresh",  "full",   "gentle", "glad",   "grand",
    "handy",  "happy",   "hardy",  "honest", "humble", "keen",   "kind",   "large",  "light",  "lively",
    "loyal",  "lucid",   "lucky",  "mellow", "merry",  "mild",   "modest", "neat",   "nimble", "noble",
    "open",   "patient", "plain",  "polite", "prompt", "proud",  "quick",  "quiet",  "ready",  "robust",
    "safe",   "serene",  "sharp",  "shy",    "silent", "simple", "smart",  "smooth", "sober",  "solid",
    "steady", "still",   "strong", "sunny",  "swift",  "tidy",   "true",   "vivid",  "warm",   "wise"};
// Of people who crossed seas, measured them, or built what does.
constexpr const char* kSurnames[] = {
    "amundsen", "baffin",    "barents",    "bering",    "brunel",   "cabot",      "cabral",   "chichester",
    "columbus", "cook",      "cortereal",  "cousteau",  "dampier",  "davis",      "dias",     "drake",
    "ericson",  "flinders",  "franklin",   "frobisher", "gama",     "halley",     "harrison", "hudson",
    "humboldt", "laperouse", "linschoten", "magellan",  "maury",    "mercator",   "nansen",   "nunes",
    "parry",    "peary",     "polo",       "ross",      "scoresby", "shackleton", "slocum",   "tasman",
    "torres",   "vancouver", "vespucci",   "weddell",   "zheng"};
constexpr int kTries = 20;

Result<std::string> random_bytes(size_t count) {
  const Fd file = TRY(sys::open("/dev/urandom", O_RDONLY));
  std::string out(count, '\0');
  for (size_t done = 0; done < count;) done += TRY(sys::read(file, out.data() + done, count - done));
  return out;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

}  // namespace

Result<void> check_name(const std::string& name) {
  bool good = name.size() > 1 && name.size() <= 128 && is_word(name[0]);
  for (const char c : name) good = good && (is_word(c) || c == '_' || c == '.' || c == '-');
  if (good) return {};
  return Error(Code::kInvalid, text::cat("Invalid container name (", text::printable(name),
                                         "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"));
}

Error name_conflict(const std::string& name, const std::string& id) {
  return Error(Code::kExists, text::cat("Conflict. The container name \"/", name,
                                        "\" is already in use by container \"", id, "\""))
      .hint("remove or rename that container to be able to use the name again");
}

Result<std::string> make_name(const std::set<std::string>& taken) {
  std::string name;
  for (int i = 0; i < kTries; ++i) {
    const std::string bytes = TRY(random_bytes(2));
    const auto at = [&](size_t index) {
      return static_cast<size_t>(static_cast<unsigned char>(bytes[index]));
    };
    name = text::cat(std::string(kAdjectives[at(0) % std::size(kAdjectives)]), "_",
                     std::string(kSurnames[at(1) % std::size(kSurnames)]));
    if (!taken.contains(name)) return name;
  }
  unsigned number = 1;
  while (taken.contains(text::cat(name, number))) ++number;
  return text::cat(name, number);
}

Result<std::string> make_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char byte : TRY(random_bytes(32))) {
    const auto value = static_cast<unsigned char>(byte);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  // All digits would be taken for a number by scripts (docker does the same).
  if (out.find_first_not_of("0123456789") >= 12) out[0] = 'c';
  return out;
}

}  // namespace estiva::engine
