// SPDX-License-Identifier: Apache-2.0
// Statistics from directories that look like those of the kernel: cgroup v2 with every controller, and v1.
#include "runtime/cgroup/stats.h"

#include <gtest/gtest.h>

#include "../../base/temp_dir.h"

namespace estiva::cgroup {
namespace {

constexpr uint64_t kNoLimit = ~uint64_t{0};

class StatsTest : public testing::Test {
 protected:
  void file(const std::string& name, const std::string& content) {
    std::filesystem::create_directories((dir_ / name).parent_path());
    dir_.write(name, content);
  }
  CgroupHierarchy hierarchy(const std::string& name, std::vector<std::string> controllers, bool unified) {
    std::filesystem::create_directories(dir_ / (name + "/c"));
    return {dir_ / name, std::move(controllers), unified};
  }
  Stats read(CgroupLayout layout) {
    Result<Stats> stats = read_stats(layout, CgroupRecord{.path = "/c", .hierarchies = {}, .created = {}});
    EXPECT_TRUE(stats.ok());
    return stats.ok() ? stats.value() : Stats();
  }
  TempDir dir_;
};

TEST_F(StatsTest, CgroupV2InTheUnitsOfV1) {
  file("u/c/cpu.stat",
       "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\nnr_throttled 1\nthrottled_usec 4\n");
  file("u/c/cpu.pressure",
       "some avg10=1.50 avg60=0.00 avg300=0.25 total=99\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
  file("u/c/memory.current", "100\n");
  file("u/c/memory.max", "1000\n");
  file("u/c/memory.peak", "300\n");
  file("u/c/memory.swap.current", "5\n");
  file("u/c/memory.swap.max", "50\n");
  file("u/c/memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n");
  file("u/c/memory.stat", "anon 40\nfile 60\n");
  file("u/c/pids.current", "3\n");
  file("u/c/pids.max", "max\n");
  file("u/c/io.stat", "8:0 rbytes=11 wbytes=12 rios=1 wios=2 dbytes=0 dios=0\n");
  file("u/c/hugetlb.2MB.current", "2097152\n");
  file("u/c/hugetlb.2MB.rsvd.current", "1\n");
  file("u/c/hugetlb.2MB.events", "max 6\n");
  file("u/c/rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\n");
  file("u/c/rdma.max", "mlx4_0 hca_handle=3 hca_object=max\n");
  file("u/c/cpuset.cpus.effective", "0-2,5\n");
  const Stats stats = read({CgroupMode::kV2, {hierarchy("u", {"cpu", "memory"}, true)}});
  EXPECT_EQ(stats.cpu.usage.total, 5000u);
  EXPECT_EQ(stats.cpu.usage.kernel, 2000u);
  EXPECT_EQ(stats.cpu.throttling.throttled_time, 4000u);
  ASSERT_TRUE(stats.cpu.pressure.has_value());
  EXPECT_EQ(stats.cpu.pressure->some.avg10, 1.5);
  EXPECT_EQ(stats.cpu.pressure->full.total, 1u);
  EXPECT_EQ(stats.memory.usage.limit, 1000u);
  EXPECT_EQ(stats.memory.usage.max, 300u);
  EXPECT_EQ(stats.memory.usage.failures, 4u);
  EXPECT_EQ(stats.memory.swap.usage, 105u);
  EXPECT_EQ(stats.memory.swap.limit, 1050u);
  EXPECT_EQ(stats.memory.cache, 60u);
  EXPECT_EQ(stats.pids.current, 3u);
  EXPECT_EQ(stats.pids.limit, 0u);
  ASSERT_EQ(stats.block_io.bytes.size(), 3u);
  EXPECT_EQ(stats.block_io.bytes[1].operation, "Write");
  EXPECT_EQ(stats.block_io.bytes[1].value, 12u);
  ASSERT_EQ(stats.hugetlb.size(), 1u);
  EXPECT_EQ(stats.hugetlb.at("2MB").failures, 6u);
  EXPECT_EQ(stats.rdma.at("mlx4_0").current.at("hca_object"), 2000u);
  EXPECT_EQ(stats.rdma.at("mlx4_0").limit.count("hca_object"), 0u);
  EXPECT_EQ(stats.cpuset.cpus, (std::vector<uint16_t>{0, 1, 2, 5}));
}

TEST_F(StatsTest, NoLimitIsTheGreatestNumber) {
  file("u/c/memory.max", "max\n");
  file("u/c/memory.swap.max", "max\n");
  const Stats stats = read({CgroupMode::kV2, {hierarchy("u", {"memory"}, true)}});
  EXPECT_EQ(stats.memory.usage.limit, kNoLimit);
  EXPECT_EQ(stats.memory.swap.limit, kNoLimit);
}

TEST_F(StatsTest, CgroupV1) {
  file("cpu/c/cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 30\n");
  file("cpu/c/cpuacct.usage", "500\n");
  file("cpu/c/cpuacct.usage_percpu", "200 300 \n");
  file("cpu/c/cpuacct.usage_all", "cpu user system\n0 150 50\n1 250 50\n");
  file("cpu/c/cpuacct.stat", "user 4\nsystem 1\n");
  file("blkio/c/blkio.throttle.io_service_bytes", "8:0 Read 10\n8:0 Total 10\nTotal 10\n");
  file("blkio/c/blkio.bfq.io_serviced_recursive", "8:16 Write 3\n");
  const Stats stats = read(
      {CgroupMode::kV1, {hierarchy("cpu", {"cpu", "cpuacct"}, false), hierarchy("blkio", {"blkio"}, false)}});
  EXPECT_EQ(stats.cpu.usage.total, 500u);
  EXPECT_EQ(stats.cpu.usage.user, 40000000u);
  EXPECT_EQ(stats.cpu.usage.percpu, (std::vector<uint64_t>{200, 300}));
  EXPECT_EQ(stats.cpu.usage.percpu_kernel, (std::vector<uint64_t>{50, 50}));
  EXPECT_EQ(stats.cpu.throttling.throttled_periods, 2u);
  ASSERT_EQ(stats.block_io.bytes.size(), 2u);
  EXPECT_EQ(stats.block_io.bytes[1].operation, "Total");
  ASSERT_EQ(stats.block_io.operations.size(), 1u);
  EXPECT_EQ(stats.block_io.operations[0].minor, 16u);
}

TEST_F(StatsTest, AVanishedCgroupIsSaid) {
  const CgroupLayout layout{CgroupMode::kV2, {hierarchy("u", {}, true)}};
  const Result<Stats> stats =
      read_stats(layout, CgroupRecord{.path = "/other", .hierarchies = {}, .created = {}});
  ASSERT_FALSE(stats.ok());
  EXPECT_EQ(stats.error().code(), Code::kState);
}

TEST(StatsJson, HasWhatReadersRelyOn) {
  const std::string json = to_json(Stats());
  EXPECT_NE(json.find("\"hugetlb\":{}"), std::string::npos) << json;
  EXPECT_NE(json.find("\"intel_rdt\":{}"), std::string::npos) << json;
  EXPECT_NE(json.find("\"network_interfaces\":null"), std::string::npos) << json;
  EXPECT_NE(json.find("\"kernel\":0"), std::string::npos) << json;
}

}  // namespace
}  // namespace estiva::cgroup
