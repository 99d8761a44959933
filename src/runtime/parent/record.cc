// SPDX-License-Identifier: Apache-2.0
// The rows of the container record.
#include "runtime/parent/record.h"

#include "estiva/base/codec.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva {

template <>
std::span<const codec::Row> codec::rows<cgroup::RecordedHierarchy>() {
  using R = cgroup::RecordedHierarchy;
  static constexpr Row kRows[] = {
      row<&R::mount_point>("mountPoint", kRequired),
      row<&R::unified>("unified"),
      row<&R::freezer>("freezer"),
  };
  return kRows;
}

template <>
std::span<const codec::Row> codec::rows<cgroup::CgroupRecord>() {
  using R = cgroup::CgroupRecord;
  static constexpr Row kRows[] = {
      row<&R::path>("path"),
      row<&R::hierarchies>("hierarchies"),
      row<&R::created>("created"),
  };
  return kRows;
}

template <>
std::span<const codec::Row> codec::rows<ResctrlRecord>() {
  using R = ResctrlRecord;
  static constexpr Row kRows[] = {
      row<&R::group>("group"),
      row<&R::made>("made"),
      row<&R::shared>("shared"),
      row<&R::monitor>("monitor"),
  };
  return kRows;
}

template <>
std::span<const codec::Row> codec::rows<Record>() {
  static constexpr Row kRows[] = {
      row<&Record::version>("version", kRequired),
      row<&Record::id>("id", kRequired),
      row<&Record::oci_version>("ociVersion", kRequired),
      row<&Record::bundle>("bundle", kRequired),
      row<&Record::rootfs>("rootfs", kRequired),
      row<&Record::annotations>("annotations"),
      row<&Record::created>("created"),
      row<&Record::owner>("owner"),
      row<&Record::pid>("pid"),
      row<&Record::start_time>("startTime"),
      row<&Record::own_pid_namespace>("ownPidNamespace"),
      row<&Record::own_mount_namespace>("ownMountNamespace"),
      row<&Record::mounts_before>("mountsBefore"),
      row<&Record::has_process>("hasProcess"),
      row<&Record::check_memory>("checkMemory"),
      row<&Record::cgroup>("cgroup"),
      row<&Record::resctrl>("resctrl"),
      row<&Record::seccomp_listener>("seccompListener"),
      row<&Record::seccomp_metadata>("seccompMetadata"),
      row<&Record::hooks>("hooks"),
  };
  return kRows;
}

std::string to_json(const Record& record) { return codec::encode(record); }

Result<Record> load_record(std::string_view text) {
  Record record = TRY(codec::decode<Record>(text).context([] { return "container record"; }));
  if (record.version > kRecordVersion) {
    return Error::unsupported("container record", text::cat("has version ", record.version,
                                                            ", this program knows ", kRecordVersion));
  }
  return record;
}

spec::State make_state(const Record& record, spec::Status status) {
  spec::State state;
  state.oci_version = record.oci_version;
  state.id = record.id;
  state.status = status;
  state.pid = status == spec::Status::kStopped ? 0 : record.pid;
  state.bundle = record.bundle;
  state.annotations = record.annotations;
  state.rootfs = record.rootfs;
  state.created = utc_time(record.created) + "Z";
  // A number: names would need the name service, which a static program does not have.
  state.owner = record.owner == 0 ? "root" : text::cat(record.owner);
  return state;
}

}  // namespace estiva
