// SPDX-License-Identifier: Apache-2.0
// container.json's members, each once.
#include "engine/container/record.h"

#include "spec/rows.h"

namespace estiva::codec {

using engine::ContainerOptions;
using engine::ContainerRecord;

template <>
std::span<const Row> rows<ContainerOptions>() {
  static constexpr Row kRows[] = {
      row<&ContainerOptions::interactive>("interactive"),
      row<&ContainerOptions::tty>("tty"),
      row<&ContainerOptions::rm>("rm"),
      row<&ContainerOptions::read_only>("readOnly"),
      row<&ContainerOptions::privileged>("privileged"),
      row<&ContainerOptions::init>("init"),
      row<&ContainerOptions::name>("name"),
      row<&ContainerOptions::hostname>("hostname"),
      row<&ContainerOptions::cidfile>("cidfile"),
      row<&ContainerOptions::entrypoint>("entrypoint"),
      row<&ContainerOptions::workdir>("workdir"),
      row<&ContainerOptions::user>("user"),
      row<&ContainerOptions::network>("network"),
      row<&ContainerOptions::runtime>("runtime"),
      row<&ContainerOptions::restart>("restart"),
      row<&ContainerOptions::stop_signal>("stopSignal"),
      row<&ContainerOptions::has_entrypoint>("hasEntrypoint"),
      row<&ContainerOptions::stop_timeout>("stopTimeout"),
      row<&ContainerOptions::env>("env"),
      row<&ContainerOptions::env_file>("envFile"),
      row<&ContainerOptions::label>("label"),
      row<&ContainerOptions::publish>("publish"),
      row<&ContainerOptions::expose>("expose"),
      row<&ContainerOptions::volume>("volume"),
      row<&ContainerOptions::mount>("mount"),
      row<&ContainerOptions::tmpfs>("tmpfs"),
      row<&ContainerOptions::device>("device"),
      row<&ContainerOptions::cap_add>("capAdd"),
      row<&ContainerOptions::cap_drop>("capDrop"),
      row<&ContainerOptions::security_opt>("securityOpt"),
      row<&ContainerOptions::group_add>("groupAdd"),
      row<&ContainerOptions::sysctl>("sysctl"),
      row<&ContainerOptions::ulimit>("ulimit"),
      row<&ContainerOptions::add_host>("addHost"),
      row<&ContainerOptions::dns>("dns"),
      row<&ContainerOptions::dns_search>("dnsSearch"),
      row<&ContainerOptions::dns_option>("dnsOption"),
      row<&ContainerOptions::log_opt>("logOpt"),
      row<&ContainerOptions::memory>("memory"),
      row<&ContainerOptions::memory_swap>("memorySwap"),
      row<&ContainerOptions::memory_reservation>("memoryReservation"),
      row<&ContainerOptions::cpus>("cpus"),
      row<&ContainerOptions::cpuset_cpus>("cpusetCpus"),
      row<&ContainerOptions::cpuset_mems>("cpusetMems"),
      row<&ContainerOptions::shm_size>("shmSize"),
      row<&ContainerOptions::log_driver>("logDriver"),
      row<&ContainerOptions::pid>("pid"),
      row<&ContainerOptions::ipc>("ipc"),
      row<&ContainerOptions::uts>("uts"),
      row<&ContainerOptions::cgroupns>("cgroupns"),
      row<&ContainerOptions::userns>("userns"),
      row<&ContainerOptions::cgroup_parent>("cgroupParent"),
      row<&ContainerOptions::cpu_shares>("cpuShares"),
      row<&ContainerOptions::pids_limit>("pidsLimit"),
      row<&ContainerOptions::oom_score_adj>("oomScoreAdj"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ContainerRecord>() {
  static constexpr Row kRows[] = {
      row<&ContainerRecord::version>("version", kRequired),
      row<&ContainerRecord::id>("id", kRequired),
      row<&ContainerRecord::name>("name", kRequired),
      row<&ContainerRecord::image>("image", kRequired),
      row<&ContainerRecord::image_id>("imageId"),
      row<&ContainerRecord::created_ns>("createdNs"),
      row<&ContainerRecord::options>("options"),
      row<&ContainerRecord::args>("args"),
      row<&ContainerRecord::env>("env"),
      row<&ContainerRecord::stop_signal>("stopSignal"),
      row<&ContainerRecord::exposed_ports>("exposedPorts"),
      row<&ContainerRecord::labels>("labels"),
      row<&ContainerRecord::runtime>("runtime"),
      row<&ContainerRecord::uid_map>("uidMap"),
      row<&ContainerRecord::gid_map>("gidMap"),
      row<&ContainerRecord::restarts>("restarts"),
      row<&ContainerRecord::stopped_by_user>("stoppedByUser"),
      row<&ContainerRecord::removing>("removing"),
  };
  return kRows;
}

}  // namespace estiva::codec
