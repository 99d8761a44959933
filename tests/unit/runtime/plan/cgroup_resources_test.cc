// SPDX-License-Identifier: Apache-2.0
// Every limit of linux.resources as files and values: golden text for v1, v2 and hybrid hosts, the conversions, and
// the refusals with their JSON path.
#include <gtest/gtest.h>

#include "estiva/spec/resources.h"
#include "runtime/plan/cgroup.h"

namespace estiva {
namespace {

CgroupLayout v1_host() {
  CgroupLayout layout{.mode = CgroupMode::kV1};
  for (const char* name : {"memory", "cpuset", "pids", "blkio", "hugetlb", "rdma", "devices", "freezer"}) {
    layout.hierarchies.push_back({std::string("/sys/fs/cgroup/") + name, {name}, false});
  }
  layout.hierarchies.push_back({"/sys/fs/cgroup/cpu,cpuacct", {"cpu", "cpuacct"}, false});
  layout.hierarchies.push_back({"/sys/fs/cgroup/net_cls,net_prio", {"net_cls", "net_prio"}, false});
  return layout;
}

CgroupLayout v2_host() {
  return {CgroupMode::kV2,
          {{"/sys/fs/cgroup", {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"}, true}}};
}

CgroupLayout hybrid_host() {
  CgroupLayout layout{.mode = CgroupMode::kHybrid};
  layout.hierarchies.push_back({"/sys/fs/cgroup/memory", {"memory"}, false});
  layout.hierarchies.push_back({"/sys/fs/cgroup/unified", {"hugetlb"}, true});
  return layout;
}

std::string text_of(const std::vector<CgroupFile>& files) {
  std::string out;
  for (const CgroupFile& file : files) {
    out += file.controller.empty() ? "" : file.controller + ": ";
    out += file.file + " = " + file.value;
    if (!file.fallback_file.empty()) out += " | " + file.fallback_file + " = " + file.fallback_value;
    if (file.optional) out += " (optional)";
    if (file.inherit) out += " (parents too)";
    out += " <- " + file.object.substr(std::string("/linux/resources/").size()) + "\n";
  }
  return out;
}

std::string plan_text(const spec::Resources& resources, const CgroupLayout& layout) {
  const Result<std::vector<CgroupFile>> files = plan_cgroup_files(resources, layout);
  return files.ok() ? text_of(files.value()) : "error: " + files.error().to_string();
}

// The error's object and kind; empty when there is none.
std::string refusal(const spec::Resources& resources, const CgroupLayout& layout) {
  const Result<std::vector<CgroupFile>> files = plan_cgroup_files(resources, layout);
  if (files.ok()) return "";
  const char* code = files.error().code() == Code::kUnsupported ? "unsupported "
                     : files.error().code() == Code::kInvalid   ? "invalid "
                                                                : "other ";
  return code + files.error().parts().object;
}

spec::Resources with(spec::Memory memory) { return {.memory = memory}; }
spec::Resources with(spec::Cpu cpu) { return {.cpu = cpu}; }
spec::Resources with(spec::BlockIo io) { return {.block_io = io}; }

spec::Resources common_limits() {
  spec::Resources resources;
  resources.memory = spec::Memory{.limit = 1 << 20, .reservation = 1 << 19, .swap = 3 << 19};
  resources.cpu = spec::Cpu{
      .shares = 1024, .quota = 50000, .burst = 1000, .period = 200000, .cpus = "0-1", .mems = "0", .idle = 1};
  resources.pids = spec::Pids{.limit = 32};
  resources.block_io = spec::BlockIo{.weight = 500};
  resources.block_io->weight_device = {{8, 0, 600, {}}};
  resources.block_io->throttle_read_bps_device = {{8, 0, 1000}, {8, 16, 2000}};
  resources.block_io->throttle_write_bps_device = {{8, 0, 3000}};
  resources.block_io->throttle_read_iops_device = {{8, 16, 40}};
  resources.block_io->throttle_write_iops_device = {{8, 0, 0}};
  resources.hugepage_limits = {{"2MB", 4194304}, {"1GB", 0}};
  resources.rdma = {{"mlx5_1", {3, 10000}}, {"mlx4_0", {{}, 7}}, {"none", {}}};
  return resources;
}

TEST(CgroupResources, EveryCommonLimitOnV1) {
  EXPECT_EQ(plan_text(common_limits(), v1_host()),
            "memory: memory.limit_in_bytes = 1048576 <- memory/limit\n"
            "memory: memory.memsw.limit_in_bytes = 1572864 <- memory/swap\n"
            "memory: memory.soft_limit_in_bytes = 524288 <- memory/reservation\n"
            "cpuset: cpuset.cpus = 0-1 <- cpu/cpus\n"
            "cpuset: cpuset.mems = 0 <- cpu/mems\n"
            "cpu: cpu.shares = 1024 <- cpu/shares\n"
            "cpu: cpu.cfs_period_us = 200000 <- cpu/period\n"
            "cpu: cpu.cfs_quota_us = 50000 <- cpu/quota\n"
            "cpu: cpu.cfs_burst_us = 1000 <- cpu/burst\n"
            "cpu: cpu.idle = 1 <- cpu/idle\n"
            "pids: pids.max = 32 <- pids/limit\n"
            "blkio: blkio.weight = 500 | blkio.bfq.weight = 500 <- blockIO/weight\n"
            "blkio: blkio.weight_device = 8:0 600 | blkio.bfq.weight_device = 8:0 600 <- "
            "blockIO/weightDevice/0/weight\n"
            "blkio: blkio.throttle.read_bps_device = 8:0 1000 <- blockIO/throttleReadBpsDevice/0\n"
            "blkio: blkio.throttle.read_bps_device = 8:16 2000 <- blockIO/throttleReadBpsDevice/1\n"
            "blkio: blkio.throttle.write_bps_device = 8:0 3000 <- blockIO/throttleWriteBpsDevice/0\n"
            "blkio: blkio.throttle.read_iops_device = 8:16 40 <- blockIO/throttleReadIOPSDevice/0\n"
            "blkio: blkio.throttle.write_iops_device = 8:0 0 <- blockIO/throttleWriteIOPSDevice/0\n"
            "hugetlb: hugetlb.2MB.limit_in_bytes = 4194304 <- hugepageLimits/0\n"
            "hugetlb: hugetlb.2MB.rsvd.limit_in_bytes = 4194304 (optional) <- hugepageLimits/0\n"
            "hugetlb: hugetlb.1GB.limit_in_bytes = 0 <- hugepageLimits/1\n"
            "hugetlb: hugetlb.1GB.rsvd.limit_in_bytes = 0 (optional) <- hugepageLimits/1\n"
            "rdma: rdma.max = mlx4_0 hca_object=7 <- rdma/mlx4_0\n"
            "rdma: rdma.max = mlx5_1 hca_handle=3 hca_object=10000 <- rdma/mlx5_1\n");
}

TEST(CgroupResources, EveryCommonLimitOnV2) {
  EXPECT_EQ(plan_text(common_limits(), v2_host()),
            "memory.max = 1048576 <- memory/limit\n"
            "memory.swap.max = 524288 <- memory/swap\n"
            "memory.low = 524288 <- memory/reservation\n"
            "cpuset.cpus = 0-1 <- cpu/cpus\n"
            "cpuset.mems = 0 <- cpu/mems\n"
            "cpu.weight = 100 <- cpu/shares\n"
            "cpu.max = 50000 200000 <- cpu/quota\n"
            "cpu.max.burst = 1000 <- cpu/burst\n"
            "cpu.idle = 1 <- cpu/idle\n"
            "pids.max = 32 <- pids/limit\n"
            "io.bfq.weight = 500 | io.weight = 4950 <- blockIO/weight\n"
            "io.bfq.weight = 8:0 600 | io.weight = 8:0 5960 <- blockIO/weightDevice/0/weight\n"
            "io.max = 8:0 rbps=1000 wbps=3000 wiops=max <- blockIO/throttleReadBpsDevice/0\n"
            "io.max = 8:16 rbps=2000 riops=40 <- blockIO/throttleReadBpsDevice/1\n"
            "hugetlb.2MB.max = 4194304 <- hugepageLimits/0\n"
            "hugetlb.2MB.rsvd.max = 4194304 (optional) <- hugepageLimits/0\n"
            "hugetlb.1GB.max = 0 <- hugepageLimits/1\n"
            "hugetlb.1GB.rsvd.max = 0 (optional) <- hugepageLimits/1\n"
            "rdma.max = mlx4_0 hca_object=7 <- rdma/mlx4_0\n"
            "rdma.max = mlx5_1 hca_handle=3 hca_object=10000 <- rdma/mlx5_1\n");
}

TEST(CgroupResources, V1OnlyLimitsOnV1) {
  spec::Resources resources;
  resources.memory = spec::Memory{.kernel = 1 << 20,
                                  .kernel_tcp = 1 << 19,
                                  .swappiness = 60,
                                  .disable_oom_killer = true,
                                  .use_hierarchy = true};
  resources.cpu = spec::Cpu{.realtime_runtime = 5000, .realtime_period = 10000};
  resources.block_io = spec::BlockIo{.leaf_weight = 300};
  resources.block_io->weight_device = {{8, 0, {}, 400}};
  resources.network = spec::Network{.class_id = 1048577, .priorities = {{"eth0", 500}, {"lo", 1}}};
  EXPECT_EQ(plan_text(resources, v1_host()),
            "memory: memory.use_hierarchy = 1 (optional) <- memory/useHierarchy\n"
            "memory: memory.kmem.limit_in_bytes = 1048576 <- memory/kernel\n"
            "memory: memory.kmem.tcp.limit_in_bytes = 524288 <- memory/kernelTCP\n"
            "memory: memory.swappiness = 60 <- memory/swappiness\n"
            "memory: memory.oom_control = 1 <- memory/disableOOMKiller\n"
            "cpu: cpu.rt_period_us = 10000 (parents too) <- cpu/realtimePeriod\n"
            "cpu: cpu.rt_runtime_us = 5000 (parents too) <- cpu/realtimeRuntime\n"
            "blkio: blkio.leaf_weight = 300 <- blockIO/leafWeight\n"
            "blkio: blkio.leaf_weight_device = 8:0 400 <- blockIO/weightDevice/0/leafWeight\n"
            "net_cls: net_cls.classid = 1048577 <- network/classID\n"
            "net_prio: net_prio.ifpriomap = eth0 500 <- network/priorities/0\n"
            "net_prio: net_prio.ifpriomap = lo 1 <- network/priorities/1\n");
}

TEST(CgroupResources, V1OnlyLimitsAreRefusedOnV2) {
  spec::BlockIo leaf_device;
  leaf_device.weight_device = {{8, 0, {}, 400}};
  const std::pair<spec::Resources, const char*> kRefused[] = {
      {with(spec::Memory{.kernel = 1}), "memory/kernel"},
      {with(spec::Memory{.kernel_tcp = 1}), "memory/kernelTCP"},
      {with(spec::Memory{.swappiness = 0}), "memory/swappiness"},
      {with(spec::Memory{.disable_oom_killer = true}), "memory/disableOOMKiller"},
      {with(spec::Memory{.use_hierarchy = false}), "memory/useHierarchy"},
      {with(spec::Cpu{.realtime_runtime = 1}), "cpu/realtimeRuntime"},
      {with(spec::Cpu{.realtime_period = 1}), "cpu/realtimePeriod"},
      {with(spec::BlockIo{.leaf_weight = 10}), "blockIO/leafWeight"},
      {with(leaf_device), "blockIO/weightDevice/0/leafWeight"},
      {{.network = spec::Network{.class_id = 1}}, "network/classID"},
      {{.network = spec::Network{.priorities = {{"lo", 1}}}}, "network/priorities/0"},
  };
  for (const auto& [resources, property] : kRefused) {
    EXPECT_EQ(refusal(resources, v2_host()), std::string("unsupported /linux/resources/") + property);
  }
}

TEST(CgroupResources, WhatAsksForNothingIsNoError) {
  spec::Resources resources;
  resources.memory = spec::Memory{.limit = 0,
                                  .reservation = 0,
                                  .swap = 0,
                                  .kernel = -1,
                                  .kernel_tcp = 0,
                                  .swappiness = UINT64_MAX,
                                  .disable_oom_killer = false};
  resources.cpu =
      spec::Cpu{.shares = 0, .quota = 0, .period = 0, .realtime_runtime = 0, .realtime_period = 0};
  resources.pids = spec::Pids{};
  resources.block_io = spec::BlockIo{.weight = 0, .leaf_weight = 0};
  resources.network = spec::Network{.class_id = 0};
  resources.rdma = {{"mlx5_1", {}}};
  EXPECT_EQ(plan_text(resources, v2_host()), "");
  EXPECT_EQ(plan_text(resources, {}), "");
}

TEST(CgroupResources, AControllerThatTheHostLacksIsNamed) {
  const CgroupLayout bare{CgroupMode::kV2, {{"/sys/fs/cgroup", {"hugetlb"}, true}}};
  const std::pair<spec::Resources, const char*> kLimits[] = {
      {with(spec::Memory{.limit = 1 << 20}), "memory/limit"},
      {with(spec::Memory{.reservation = 1 << 20}), "memory/reservation"},
      {with(spec::Cpu{.shares = 2}), "cpu/shares"},
      {with(spec::Cpu{.quota = 1000}), "cpu/quota"},
      {with(spec::Cpu{.cpus = "0"}), "cpu/cpus"},
      {with(spec::Cpu{.mems = "0"}), "cpu/mems"},
      {with(spec::BlockIo{.weight = 10}), "blockIO/weight"},
      {{.pids = spec::Pids{.limit = 1}}, "pids/limit"},
      {{.rdma = {{"a/b~c", {1, 2}}}}, "rdma/a~1b~0c"},
  };
  for (const auto& [resources, property] : kLimits) {
    EXPECT_EQ(refusal(resources, bare), std::string("unsupported /linux/resources/") + property);
    EXPECT_EQ(refusal(resources, {}), std::string("unsupported /linux/resources/") + property);
  }
  EXPECT_EQ(plan_cgroup_files(with(spec::Memory{.limit = 1}), bare).error().to_string(),
            "/linux/resources/memory/limit: the memory controller is not available on this host");
  // Unlimited is what there is without the controller.
  EXPECT_EQ(plan_text(with(spec::Memory{.limit = -1, .swap = -1}), bare), "");
  EXPECT_EQ(plan_text({.pids = spec::Pids{.limit = -1}}, bare), "");
  EXPECT_EQ(plan_text(with(spec::Cpu{.quota = -1}), bare), "");
}

TEST(CgroupResources, HybridTakesEachControllerWhereItIs) {
  spec::Resources resources;
  resources.memory = spec::Memory{.limit = 4096};
  resources.hugepage_limits = {{"2MB", 0}};
  EXPECT_EQ(plan_text(resources, hybrid_host()),
            "memory: memory.limit_in_bytes = 4096 <- memory/limit\n"
            "hugetlb.2MB.max = 0 <- hugepageLimits/0\n"
            "hugetlb.2MB.rsvd.max = 0 (optional) <- hugepageLimits/0\n");
  EXPECT_EQ(refusal({.network = spec::Network{.class_id = 1}}, hybrid_host()),
            "unsupported /linux/resources/network/classID");
}

TEST(CgroupResources, SwapOnV2) {
  const auto swap = [](std::optional<int64_t> limit, std::optional<int64_t> both) {
    return plan_text(with(spec::Memory{.limit = limit, .swap = both}), v2_host());
  };
  const std::string max = "memory.max = max (optional) <- memory/limit\n";
  const std::string some = "memory.max = 100 <- memory/limit\n";
  EXPECT_EQ(swap(-1, {}), max + "memory.swap.max = max (optional) <- memory/swap\n");
  EXPECT_EQ(swap(-1, -1), max + "memory.swap.max = max (optional) <- memory/swap\n");
  EXPECT_EQ(swap(-1, 70), max + "memory.swap.max = 70 <- memory/swap\n");
  EXPECT_EQ(swap(100, -1), some + "memory.swap.max = max (optional) <- memory/swap\n");
  EXPECT_EQ(swap(100, 100), some + "memory.swap.max = 0 (optional) <- memory/swap\n");
  EXPECT_EQ(swap(100, 170), some + "memory.swap.max = 70 <- memory/swap\n");
  EXPECT_EQ(swap(100, {}), some);
  EXPECT_EQ(swap({}, -1), "memory.swap.max = max (optional) <- memory/swap\n");
}

TEST(CgroupResources, SwapThatCanNotBe) {
  for (const CgroupLayout& host : {v1_host(), v2_host()}) {
    EXPECT_EQ(refusal(with(spec::Memory{.swap = 100}), host), "invalid /linux/resources/memory/swap");
    EXPECT_EQ(refusal(with(spec::Memory{.limit = 100, .swap = 99}), host),
              "invalid /linux/resources/memory/swap");
    EXPECT_EQ(refusal(with(spec::Memory{.limit = -2}), host), "invalid /linux/resources/memory/limit");
    EXPECT_EQ(refusal(with(spec::Memory{.swap = -2}), host), "invalid /linux/resources/memory/swap");
  }
  EXPECT_EQ(refusal(with(spec::Memory{.limit = -1, .swap = 70}), v1_host()),
            "unsupported /linux/resources/memory/swap");
  EXPECT_EQ(refusal(with(spec::Memory{.swappiness = 101}), v1_host()),
            "invalid /linux/resources/memory/swappiness");
}

TEST(CgroupResources, WeightOfShares) {
  const auto weight = [](uint64_t shares) { return plan_text(with(spec::Cpu{.shares = shares}), v2_host()); };
  const std::pair<uint64_t, const char*> kPoints[] = {
      {1, "1"},      {2, "1"},      {3, "2"},       {100, "17"},       {512, "59"},
      {1024, "100"}, {2048, "174"}, {10240, "639"}, {262144, "10000"}, {1 << 20, "10000"}};
  for (const auto& [shares, expected] : kPoints) {
    EXPECT_EQ(weight(shares), std::string("cpu.weight = ") + expected + " <- cpu/shares\n") << shares;
  }
}

TEST(CgroupResources, BandwidthOnV2) {
  const auto max = [](spec::Cpu cpu) { return plan_text(with(cpu), v2_host()); };
  EXPECT_EQ(max({.quota = 20000}), "cpu.max = 20000 100000 <- cpu/quota\n");
  EXPECT_EQ(max({.quota = -1}), "cpu.max = max 100000 (optional) <- cpu/quota\n");
  EXPECT_EQ(max({.period = 50000}), "cpu.max = max 50000 (optional) <- cpu/period\n");
  EXPECT_EQ(max({.quota = 20000, .period = 50000}), "cpu.max = 20000 50000 <- cpu/quota\n");
  EXPECT_EQ(max({.burst = 0, .idle = 0}),
            "cpu.max.burst = 0 (optional) <- cpu/burst\ncpu.idle = 0 (optional) <- cpu/idle\n");
  EXPECT_EQ(refusal(with(spec::Cpu{.idle = 2}), v2_host()), "invalid /linux/resources/cpu/idle");
}

TEST(CgroupResources, PidsZeroIsALimit) {
  for (const CgroupLayout& host : {v1_host(), v2_host()}) {
    const std::string prefix = host.mode == CgroupMode::kV1 ? "pids: " : "";
    EXPECT_EQ(plan_text({.pids = spec::Pids{.limit = 0}}, host), prefix + "pids.max = 1 <- pids/limit\n");
    EXPECT_EQ(plan_text({.pids = spec::Pids{.limit = -1}}, host),
              prefix + "pids.max = max (optional) <- pids/limit\n");
  }
}

// A page size is a part of a file's name: "../" in it wrote to any file of the cgroup file system (runc 1.1.10).
TEST(CgroupResources, PageSizesAreChecked) {
  for (const char* size : {"", "B", "MB", "2M", "2mb", "0MB", "02MB", "2TB", "2MB/", "../../2MB", "2MB.max",
                           "2 MB", "-2MB", "2MBB"}) {
    EXPECT_EQ(refusal({.hugepage_limits = {{size, 0}}}, v2_host()),
              "invalid /linux/resources/hugepageLimits/0/pageSize")
        << size;
  }
  for (const char* size : {"64KB", "2MB", "32MB", "1GB", "16GB"}) {
    EXPECT_EQ(refusal({.hugepage_limits = {{size, 0}}}, v2_host()), "") << size;
  }
}

TEST(CgroupResources, BlockIoIsChecked) {
  EXPECT_EQ(refusal(with(spec::BlockIo{.weight = 9}), v1_host()), "invalid /linux/resources/blockIO/weight");
  EXPECT_EQ(refusal(with(spec::BlockIo{.weight = 1001}), v2_host()),
            "invalid /linux/resources/blockIO/weight");
  spec::BlockIo io;
  io.throttle_write_bps_device = {{8, 0, 1}, {-8, 0, 1}};
  EXPECT_EQ(refusal(with(io), v2_host()), "invalid /linux/resources/blockIO/throttleWriteBpsDevice/1");
}

TEST(CgroupResources, Unified) {
  spec::Resources resources;
  resources.unified = {
      {"memory.high", "1048576"}, {"io.max", "8:0 rbps=1\n8:16 wbps=2\n"}, {"cgroup.max.depth", "3"}};
  EXPECT_EQ(plan_text(resources, v2_host()),
            "cgroup.max.depth = 3 <- unified/cgroup.max.depth\n"
            "io.max = 8:0 rbps=1 <- unified/io.max\n"
            "io.max = 8:16 wbps=2 <- unified/io.max\n"
            "memory.high = 1048576 <- unified/memory.high\n");
  EXPECT_EQ(refusal(resources, v1_host()), "unsupported /linux/resources/unified");
  EXPECT_EQ(refusal(resources, hybrid_host()), "unsupported /linux/resources/unified");
}

TEST(CgroupResources, UnifiedKeysAreChecked) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"memory/max", "invalid /linux/resources/unified/memory~1max"},
      {"../memory.max", "invalid /linux/resources/unified/..~1memory.max"},
      {"memory", "invalid /linux/resources/unified/memory"},
      {".max", "invalid /linux/resources/unified/.max"},
      {"memory.", "invalid /linux/resources/unified/memory."},
      {"", "invalid /linux/resources/unified/"},
      {"cgroup.procs", "invalid /linux/resources/unified/cgroup.procs"},
      {"cgroup.kill", "invalid /linux/resources/unified/cgroup.kill"},
      {"tea.max", "unsupported /linux/resources/unified/tea.max"},
  };
  for (const auto& [key, expected] : kWrong)
    EXPECT_EQ(refusal({.unified = {{key, "1"}}}, v2_host()), expected);
}

// ---- update: what the kernel has already completes what is asked for

std::string update_text(const spec::Resources& resources, const CgroupLayout& layout,
                        const CurrentLimits& now) {
  const Result<CgroupPlan> plan = plan_cgroup_update(resources, layout, now);
  return plan.ok() ? text_of(plan.value().files) : "error: " + plan.error().to_string();
}

TEST(CgroupUpdate, HalfOfTheQuotaKeepsTheOther) {
  const CurrentLimits now{.cpu_max = "50000 200000", .memory_limit = "max"};
  spec::Resources quota{.cpu = spec::Cpu{.quota = 60000}};
  EXPECT_EQ(update_text(quota, v2_host(), now), "cpu.max = 60000 200000 <- cpu/quota\n");
  spec::Resources period{.cpu = spec::Cpu{.period = 100000}};
  EXPECT_EQ(update_text(period, v2_host(), now), "cpu.max = 50000 100000 <- cpu/period\n");
  EXPECT_EQ(update_text(period, v2_host(), {.cpu_max = "max 50000", .memory_limit = ""}),
            "cpu.max = max 100000 (optional) <- cpu/period\n");
  spec::Resources none{.cpu = spec::Cpu{.quota = -1}};
  EXPECT_EQ(update_text(none, v2_host(), now), "cpu.max = max 200000 (optional) <- cpu/quota\n");
  EXPECT_EQ(update_text(quota, v1_host(), {}), "cpu: cpu.cfs_quota_us = 60000 <- cpu/quota\n");
}

TEST(CgroupUpdate, SwapIsWhatTheLimitThatStaysLeaves) {
  spec::Resources swap{.memory = spec::Memory{.swap = 300}};
  EXPECT_EQ(update_text(swap, v2_host(), {.cpu_max = "", .memory_limit = "200"}),
            "memory.max = 200 <- memory/limit\nmemory.swap.max = 100 <- memory/swap\n");
  for (const char* none : {"max", "9223372036854771712"}) {
    EXPECT_NE(update_text(swap, v2_host(), {.cpu_max = "", .memory_limit = none}).find("needs memory.limit"),
              std::string::npos);
  }
}

TEST(CgroupUpdate, NoLimitOfMemoryIsNoneOfSwap) {
  spec::Resources none{.memory = spec::Memory{.limit = -1}};
  EXPECT_EQ(update_text(none, v2_host(), {.cpu_max = "", .memory_limit = "200"}),
            "memory.max = max (optional) <- memory/limit\nmemory.swap.max = max (optional) <- memory/swap\n");
  EXPECT_EQ(update_text(none, v1_host(), {.cpu_max = "", .memory_limit = "200"}),
            "memory: memory.limit_in_bytes = -1 (optional) <- memory/limit\n"
            "memory: memory.memsw.limit_in_bytes = -1 (optional) <- memory/limit\n");
}

TEST(CgroupUpdate, DeviceRulesOnlyWhereTheyAreNamed) {
  const Result<CgroupPlan> without = plan_cgroup_update({.pids = spec::Pids{.limit = 5}}, v1_host(), {});
  ASSERT_TRUE(without.ok());
  EXPECT_TRUE(without.value().device_lines.empty());
  const Result<CgroupPlan> with =
      plan_cgroup_update({.devices = {{.allow = false, .access = "rwm"}}}, v2_host(), {});
  ASSERT_TRUE(with.ok());
  EXPECT_FALSE(with.value().device_program.empty());
}

}  // namespace
}  // namespace estiva
