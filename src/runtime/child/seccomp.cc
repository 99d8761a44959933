// SPDX-License-Identifier: Apache-2.0
// The filter is loaded. With SCMP_ACT_NOTIFY it has a listener, a descriptor by which the seccomp agent answers calls.
// Until the agent has it nobody does, so a call that the profile leaves to the agent would wait for ever.
#include <charconv>
#include <iterator>

#include "estiva/base/sys_process.h"
#include "runtime/child/steps.h"
#include "runtime/plan/annotations.h"

namespace estiva::child {

namespace {

// write(2) only, which plan/seccomp keeps from the agent, and no memory from the heap, which may take a call. read(2)
// comes when the agent is there. A filter that refuses these can't be told to anybody: a trap needs no call.
void hand_over(const Fd& listener, const sync::Channel& peer) {
  char message[16] = {static_cast<char>(sync::Type::kListener)};
  const char* end = std::to_chars(message + 1, std::end(message), listener.number()).ptr;
  char answer = 0;
  const Result<size_t> told = sys::write(peer.fd(), message, static_cast<size_t>(end - message));
  if (!told.ok()) __builtin_trap();
  const Result<size_t> heard = sys::read(peer.fd(), &answer, sizeof answer);
  if (!heard.ok() || answer != static_cast<char>(sync::Type::kDone)) __builtin_trap();
}

std::string origin(const SeccompPlan& plan) {
  return plan.program.empty() ? "/linux/seccomp" : annotations::pointer(annotations::kSeccompProgram);
}

}  // namespace

Result<void> load_filter(const Context& c, const sync::Channel& peer) {
  if (!c.filtered) return {};
  Fd listener =
      TRY(sys::seccomp_load(c.filter, c.filter_flags).context([&] { return origin(*c.plan.seccomp); }));
  if (!listener.valid()) return {};
  hand_over(listener, peer);
  (void)listener.release();  // exec closes it: a call less
  return {};
}

}  // namespace estiva::child
