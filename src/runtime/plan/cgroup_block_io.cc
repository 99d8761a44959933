// SPDX-License-Identifier: Apache-2.0
// linux.resources.blockIO as files of the blkio (v1) and io (v2) controllers. Pure.
#include "estiva/base/text.h"
#include "runtime/plan/cgroup_resources.h"

namespace estiva::plan {

namespace {

std::string pointer(std::string_view property) { return resource_pointer(text::cat("blockIO/", property)); }

// config-linux.md: weights are from 10 to 1000; 0 asks for nothing.
Result<uint16_t> weight(const std::optional<uint16_t>& value, const std::string& object) {
  const uint16_t number = value.value_or(0);
  if (number == 0 || (number >= 10 && number <= 1000)) return number;
  return Error::invalid(object, text::cat("must be from 10 to 1000, not ", number));
}

// io.weight is from 1 to 10000.
uint64_t io_weight(uint16_t blkio_weight) { return 1 + (uint64_t{blkio_weight} - 10) * 9999 / 990; }

template <typename Device>
Result<std::string> device_name(const Device& device, const std::string& object) {
  if (device.major >= 0 && device.minor >= 0) return text::cat(device.major, ':', device.minor);
  return Error::invalid(object, text::cat("is no device number: ", device.major, ':', device.minor));
}

struct WeightFile {
  std::string_view file, fallback;
  bool converted;  // the fallback takes io.weight's range
};

CgroupFile weight_file(const WeightFile& row, const std::string& device, uint16_t value, std::string object) {
  const std::string prefix = device.empty() ? "" : device + " ";
  CgroupFile out{
      .file = std::string(row.file), .value = text::cat(prefix, value), .object = std::move(object)};
  out.fallback_file = row.fallback;
  if (!row.fallback.empty()) {
    out.fallback_value = text::cat(prefix, row.converted ? io_weight(value) : uint64_t{value});
  }
  return out;
}

Result<void> add_weights(const spec::BlockIo& io, const WeightFile& all, const WeightFile& one,
                         std::vector<CgroupFile>& files) {
  const uint16_t value = TRY(weight(io.weight, pointer("weight")));
  if (value != 0) files.push_back(weight_file(all, "", value, pointer("weight")));
  for (size_t i = 0; i < io.weight_device.size(); ++i) {
    const std::string object = pointer(text::cat("weightDevice/", i));
    const std::string device = TRY(device_name(io.weight_device[i], object));
    const uint16_t device_weight = TRY(weight(io.weight_device[i].weight, object + "/weight"));
    if (device_weight != 0) files.push_back(weight_file(one, device, device_weight, object + "/weight"));
  }
  return {};
}

// CFQ's; the kernel's last was 4.20.
Result<void> add_leaf_weights(const spec::BlockIo& io, std::vector<CgroupFile>& files) {
  const WeightFile all{"blkio.leaf_weight", "", false}, one{"blkio.leaf_weight_device", "", false};
  const uint16_t value = TRY(weight(io.leaf_weight, pointer("leafWeight")));
  if (value != 0) files.push_back(weight_file(all, "", value, pointer("leafWeight")));
  for (size_t i = 0; i < io.weight_device.size(); ++i) {
    const std::string object = pointer(text::cat("weightDevice/", i));
    const std::string device = TRY(device_name(io.weight_device[i], object));
    const uint16_t leaf = TRY(weight(io.weight_device[i].leaf_weight, object + "/leafWeight"));
    if (leaf != 0) files.push_back(weight_file(one, device, leaf, object + "/leafWeight"));
  }
  return {};
}

struct ThrottleRow {
  std::vector<spec::ThrottleDevice> spec::BlockIo::*devices;
  std::string_view property, v1_file, v2_key;
};
constexpr ThrottleRow kThrottles[] = {
    {&spec::BlockIo::throttle_read_bps_device, "throttleReadBpsDevice", "blkio.throttle.read_bps_device",
     "rbps"},
    {&spec::BlockIo::throttle_write_bps_device, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
     "wbps"},
    {&spec::BlockIo::throttle_read_iops_device, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
     "riops"},
    {&spec::BlockIo::throttle_write_iops_device, "throttleWriteIOPSDevice",
     "blkio.throttle.write_iops_device", "wiops"},
};

// Calls `add(row, device name, rate, JSON pointer)` for each.
template <typename Add>
Result<void> for_each_throttle(const spec::BlockIo& io, Add add) {
  for (const ThrottleRow& row : kThrottles) {
    const auto& devices = io.*row.devices;
    for (size_t i = 0; i < devices.size(); ++i) {
      const std::string object = pointer(text::cat(row.property, '/', i));
      const std::string device = TRY(device_name(devices[i], object));
      add(row, device, devices[i].rate, object);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<CgroupFile>> block_io_v1(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.block_io.has_value()) return files;
  // BFQ's names where it is the only scheduler with weights (Linux 5.0).
  TRY(add_weights(*resources.block_io, {"blkio.weight", "blkio.bfq.weight", false},
                  {"blkio.weight_device", "blkio.bfq.weight_device", false}, files));
  TRY(add_leaf_weights(*resources.block_io, files));
  TRY(for_each_throttle(*resources.block_io, [&](const ThrottleRow& row, const std::string& device,
                                                 uint64_t rate, const std::string& object) {
    files.push_back(
        {.file = std::string(row.v1_file), .value = text::cat(device, ' ', rate), .object = object});
  }));
  return files;
}

Result<std::vector<CgroupFile>> block_io_v2(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.block_io.has_value()) return files;
  const spec::BlockIo& io = *resources.block_io;
  if (io.leaf_weight.value_or(0) != 0) {
    return Error::unsupported(pointer("leafWeight"), "cgroup v2 has no leaf weights");
  }
  for (size_t i = 0; i < io.weight_device.size(); ++i) {
    if (io.weight_device[i].leaf_weight.value_or(0) == 0) continue;
    return Error::unsupported(pointer(text::cat("weightDevice/", i, "/leafWeight")),
                              "cgroup v2 has no leaf weights");
  }
  TRY(add_weights(io, {"io.bfq.weight", "io.weight", true}, {"io.bfq.weight", "io.weight", true}, files));
  const size_t first = files.size();
  TRY(for_each_throttle(
      io, [&](const ThrottleRow& row, const std::string& device, uint64_t rate, const std::string& object) {
        const std::string limit = text::cat(' ', row.v2_key, '=', rate == 0 ? "max" : text::cat(rate));
        for (size_t i = first; i < files.size(); ++i) {
          if (files[i].value.starts_with(device + " ")) return void(files[i].value += limit);
        }
        files.push_back({.file = "io.max", .value = device + limit, .object = object});
      }));
  return files;
}

}  // namespace estiva::plan
