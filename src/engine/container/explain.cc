// SPDX-License-Identifier: Apache-2.0
// From records to sentences.
#include "engine/container/explain.h"

#include <signal.h>
#include <string.h>

#include <algorithm>

#include "engine/format.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

constexpr int64_t kSecond = 1'000'000'000, kMillisecond = 1'000'000;
constexpr std::string_view kMemoryNames[] = {"container", "other", "unknown"};

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? text::cat("signal ", number) : text::cat("SIG", std::string(name));
}

std::string since(int64_t ns) { return text::lower(human_duration((epoch_ns() - ns) / kSecond)); }

// "0.3 s", "12 s", "3 minutes".
std::string span(int64_t ns) {
  if (ns < 0) return "0 s";
  if (ns < 10 * kSecond) return text::cat(ns / kSecond, ".", ns % kSecond / (100 * kMillisecond), " s");
  if (ns < 120 * kSecond) return text::cat(ns / kSecond, " s");
  return text::lower(human_duration(ns / kSecond));
}

// What programs usually get a signal for.
std::string_view usual_cause(int number) {
  switch (number) {
    case SIGSEGV:
    case SIGBUS:
      return "it used memory that is not its own: a fault of the program, or a damaged file";
    case SIGILL:
      return "it has an instruction that this processor does not know, as programs built for another one do";
    case SIGFPE:
      return "it calculated what has no result, such as a division by zero";
    case SIGABRT:
      return "it gave up by itself, as programs do that find a fault in themselves";
    case SIGSYS:
      return "it made a system call that its seccomp filter forbids";
    case SIGPIPE:
      return "it wrote to a pipe or connection that nobody reads";
    default:
      return "";
  }
}

class Teller {
 public:
  explicit Teller(const Facts& facts)
      : record_(facts.record), status_(facts.status), start_error_(facts.start_error), asked_(facts.asked) {}

  Explanation tell() {
    switch (status_.condition) {
      case Condition::kRunning:
      case Condition::kPaused:
        running();
        break;
      case Condition::kStarting:
        say("It is being started.");
        break;
      case Condition::kRemoving:
        say("Its removal was begun; the next cais command goes on with it.");
        break;
      case Condition::kCreated:
        if (start_error_.at_ns == 0) say("It was created and never started: cais start does that.");
        break;
      case Condition::kExited:
      case Condition::kRestarting:
        ended();
        break;
    }
    start_refused();
    return std::move(out_);
  }

 private:
  template <typename... Parts>
  void say(const Parts&... parts) {
    out_.sentences.push_back(text::cat(parts...));
  }

  void running() {
    const bool paused = status_.condition == Condition::kPaused;
    say(paused ? "It is paused" : "It runs", ", as process ", status_.state.init, ", started ",
        since(status_.state.started_ns), " ago.");
    if (paused) say("cais unpause lets it go on.");
    if (record_.restarts > 0) say("It was restarted ", record_.restarts, " times.");
  }

  // Whatever stands in the exit record of a start before it.
  void start_refused() {
    if (start_error_.at_ns == 0 || status_.condition == Condition::kRunning) return;
    say("The last start, ", since(start_error_.at_ns), " ago, was refused: ", start_error_.error, ".");
  }

  void ended() {
    const shim::ExitRecord& exit = status_.exit;
    say("It ended ", since(exit.finished_ns), " ago, after ", span(exit.finished_ns - exit.started_ns),
        ", with status ", exit.code, ".");
    if (!exit.reason.empty()) {
      unseen();
    } else if (exit.signal != 0) {
      by_signal();
    } else {
      by_itself();
    }
    if (exit.oom) memory();
    restarts();
  }

  // Nobody was there to see the status.
  void unseen() {
    const std::string& reason = status_.exit.reason;
    if (reason == "host restarted") {
      say("The host was restarted while it ran; the status is not the program's.");
    } else {
      say("Its cais-shim was killed, so the next cais command ended it; the status is not the program's.");
    }
  }

  void by_signal() {
    const auto signal = static_cast<int>(status_.exit.signal);
    say("Its program was ended by ", signal_name(signal), " (", signal, "; the status is 128 and that).");
    if (const std::string_view cause = usual_cause(signal); !cause.empty())
      say("That mostly means: ", cause, ".");
    const bool known = asked();
    if (!known && signal == SIGKILL && !status_.exit.oom)
      say("No cais command sent it, and no memory was used up: it came from the host, or from within.");
  }

  void by_itself() {
    const unsigned code = status_.exit.code;
    if (code == 0) {
      say("Its program ended by itself, with success.");
    } else if (code == 126) {
      say("Its program ended by itself; shells say 126 of a command that is there and can't be executed.");
    } else if (code == 127) {
      say("Its program ended by itself; shells say 127 of a command that is not there.");
    } else if (code > 128 && code <= 128 + 64) {
      const int signal = static_cast<int>(code) - 128;
      say("Its program ended by itself; ", code, " is 128 and ", signal,
          ": what shells say of a command that ", signal_name(signal),
          " ended, and programs after they handled it.");
    } else {
      say("Its program ended by itself; what the status means is told by the program's own documentation.");
    }
    asked();
  }

  // What commands had sent to it.
  bool asked() {
    for (const Asked& each : asked_)
      say("cais ", each.verb, " had sent it ", signal_name(each.signal), " ",
          span(status_.exit.finished_ns - each.at_ns), " before.");
    return std::ranges::any_of(
        asked_, [&](const Asked& each) { return each.signal == static_cast<int>(status_.exit.signal); });
  }

  void memory() {
    const uint64_t peak = status_.exit.memory_peak;
    const auto limit =
        static_cast<uint64_t>(std::max<int64_t>(text::bytes(record_.options.memory).value_or(0), 0));
    const std::string used = peak == 0 ? "" : text::cat("; it used ", human_size(peak), " at most");
    say("A process of it was ended because memory was used up (OOM).");
    if (limit == 0) {
      out_.memory = MemoryLimit::kOther;
      say("It has no limit of its own", used,
          ": what was used up is the host's memory, or that of a group above it.");
    } else if (peak == 0) {
      out_.memory = MemoryLimit::kUnknown;
      say("Its own limit is ", human_size(limit), "; how much it used is not known.");
    } else if (peak >= limit - limit / 20) {
      out_.memory = MemoryLimit::kOwn;
      say("That was its own limit, ", human_size(limit), used, ". cais update --memory raises it.");
    } else {
      out_.memory = MemoryLimit::kOther;
      say("That was not its own limit, ", human_size(limit), used,
          ": what was used up is the host's memory, or that of a group above it.");
    }
  }

  void restarts() {
    const std::string& policy = record_.options.restart;
    if (policy.empty() || policy == "no") return;
    const std::string so_far =
        record_.restarts == 0 ? "" : text::cat("; it was restarted ", record_.restarts, " times");
    if (record_.stopped_by_user) {
      say("Its restart policy ", policy, " does not count: cais stop or kill ended it", so_far, ".");
    } else if (policy.starts_with("on-failure") && status_.exit.code == 0) {
      say("Its restart policy ", policy, " does not count: it ended with success", so_far, ".");
    } else {
      say("Its restart policy is ", policy, so_far, ".");
      if (status_.condition == Condition::kRestarting) say("It is about to be started again.");
    }
  }

  const ContainerRecord& record_;
  const Status& status_;
  const StartError& start_error_;
  const std::vector<Asked>& asked_;
  Explanation out_;
};

}  // namespace

std::string_view name_of(MemoryLimit limit) { return kMemoryNames[static_cast<size_t>(limit)]; }

Explanation explain(const Facts& facts) { return Teller(facts).tell(); }

}  // namespace estiva::engine
