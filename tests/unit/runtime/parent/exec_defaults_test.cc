// SPDX-License-Identifier: Apache-2.0
// The file of what exec needs: there and back, and what is refused.
#include "runtime/parent/exec_defaults.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

ExecDefaults full() {
  ExecDefaults kept;
  spec::Process& process = kept.process.emplace();
  process.cwd = "/a\nb";
  process.env = {"N=1\n2", "Q=\"\\"};
  process.capabilities.emplace().bounding = {"CAP_KILL"};
  process.oom_score_adj = 0;
  process.scheduler = spec::Scheduler{.policy = "SCHED_IDLE"};
  process.exec_cpu_affinity = spec::ExecCpuAffinity{"0", "1"};
  process.user.umask = 0;
  kept.linux.namespaces = {{spec::NamespaceType::kNetwork, "/run/ns"}};
  kept.linux.uid_mappings = {{0, 1000, 1}};
  kept.linux.seccomp.emplace().listener_path = "/run/agent";
  kept.new_keyring = false;
  return kept;
}

const std::vector<sock_filter> kFilter = {{1, 2, 3, 10}, {6, 0, 0, 0x0a0a0a0a}};

TEST(ExecDefaults, ComesBackAsItWas) {
  const Result<StoredDefaults> back = decode_exec_defaults(encode_exec_defaults(full(), kFilter));
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_EQ(back.value().defaults, full());
  ASSERT_EQ(back.value().filter.size(), 2u);
  EXPECT_EQ(back.value().filter[1].k, 0x0a0a0a0au);
  const Result<StoredDefaults> empty = decode_exec_defaults(encode_exec_defaults(ExecDefaults(), {}));
  ASSERT_TRUE(empty.ok()) << empty.error().to_string();
  EXPECT_EQ(empty.value().defaults, ExecDefaults());
}

TEST(ExecDefaults, DamageIsNeverAnotherMeaning) {
  const std::string good = encode_exec_defaults(full(), kFilter);
  const size_t line = good.find('\n');
  for (size_t size = 0; size < good.size(); ++size) {
    const Result<StoredDefaults> back = decode_exec_defaults(good.substr(0, size));
    // Whole instructions may be missing: as with any record, who can write it is trusted.
    const bool whole = size > line + 1 && (size - line - 1) % sizeof(sock_filter) == 0;
    EXPECT_EQ(back.ok(), whole) << size;
  }
}

}  // namespace
}  // namespace estiva
