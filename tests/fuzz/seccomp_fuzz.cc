// SPDX-License-Identifier: Apache-2.0
// The bytes choose a seccomp profile and calls; a filter of ours answers each call as libseccomp's does.
#include <cstdlib>

#include "runtime/parent/libseccomp.h"
#include "runtime/plan/seccomp_filter.h"
#include "seccomp/oracle.h"
#include "seccomp/random_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace estiva;
  Choices choices({data, size});
  const spec::Seccomp profile = random_profile(choices);
  const Result<seccomp::Profile> numbers = resolve_seccomp(profile);
  if (!numbers.ok()) return 0;
  const auto program = seccomp::compile_filter(numbers.value());
  if (!program) return 0;
  const Oracle oracle(profile);
  if (oracle.status() != 0) std::abort();
  const RandomCalls calls(profile, oracle.architectures());
  for (int i = 0; i < 50; ++i) {
    const struct seccomp_data call = calls.next(choices);
    if (simulate(*program, call) != oracle.answer(call) && !oracle.confused(call)) std::abort();
  }
  return 0;
}
