// SPDX-License-Identifier: Apache-2.0
// Which structs have rows; the tables are in config_rows.cc, linux_rows.cc, resources_rows.cc and runtime_rows.cc.
#pragma once

#include "estiva/base/codec.h"
#include "estiva/spec/features.h"
#include "estiva/spec/spec.h"
#include "estiva/spec/state.h"

namespace estiva::codec {

// A flag of the documents beside those of the codec: taken, but a newer version says it in another way.
inline constexpr unsigned kDeprecated = 16;

template <>
std::span<const Row> rows<spec::Root>();
template <>
std::span<const Row> rows<spec::Mount>();
template <>
std::span<const Row> rows<spec::ConsoleSize>();
template <>
std::span<const Row> rows<spec::User>();
template <>
std::span<const Row> rows<spec::Rlimit>();
template <>
std::span<const Row> rows<spec::Capabilities>();
template <>
std::span<const Row> rows<spec::Scheduler>();
template <>
std::span<const Row> rows<spec::IoPriority>();
template <>
std::span<const Row> rows<spec::ExecCpuAffinity>();
template <>
std::span<const Row> rows<spec::Process>();
template <>
std::span<const Row> rows<spec::Hook>();
template <>
std::span<const Row> rows<spec::Hooks>();
template <>
std::span<const Row> rows<spec::Spec>();
template <>
std::span<const Row> rows<spec::Namespace>();
template <>
std::span<const Row> rows<spec::IdMapping>();
template <>
std::span<const Row> rows<spec::TimeOffset>();
template <>
std::span<const Row> rows<spec::Device>();
template <>
std::span<const Row> rows<spec::NetDevice>();
template <>
std::span<const Row> rows<spec::IntelRdt>();
template <>
std::span<const Row> rows<spec::MemoryPolicy>();
template <>
std::span<const Row> rows<spec::Personality>();
template <>
std::span<const Row> rows<spec::Linux>();
template <>
std::span<const Row> rows<spec::SeccompArg>();
template <>
std::span<const Row> rows<spec::SeccompSyscall>();
template <>
std::span<const Row> rows<spec::Seccomp>();
template <>
std::span<const Row> rows<spec::DeviceRule>();
template <>
std::span<const Row> rows<spec::Memory>();
template <>
std::span<const Row> rows<spec::Cpu>();
template <>
std::span<const Row> rows<spec::Pids>();
template <>
std::span<const Row> rows<spec::WeightDevice>();
template <>
std::span<const Row> rows<spec::ThrottleDevice>();
template <>
std::span<const Row> rows<spec::BlockIo>();
template <>
std::span<const Row> rows<spec::HugepageLimit>();
template <>
std::span<const Row> rows<spec::InterfacePriority>();
template <>
std::span<const Row> rows<spec::Network>();
template <>
std::span<const Row> rows<spec::Rdma>();
template <>
std::span<const Row> rows<spec::Resources>();
template <>
std::span<const Row> rows<spec::State>();
template <>
std::span<const Row> rows<spec::ContainerProcessState>();
template <>
std::span<const Row> rows<spec::CgroupFeatures>();
template <>
std::span<const Row> rows<spec::SeccompFeatures>();
template <>
std::span<const Row> rows<spec::FeatureSwitch>();
template <>
std::span<const Row> rows<spec::IntelRdtFeatures>();
template <>
std::span<const Row> rows<spec::MemoryPolicyFeatures>();
template <>
std::span<const Row> rows<spec::MountExtensions>();
template <>
std::span<const Row> rows<spec::LinuxFeatures>();
template <>
std::span<const Row> rows<spec::Features>();

}  // namespace estiva::codec
