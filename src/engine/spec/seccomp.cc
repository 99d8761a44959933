// SPDX-License-Identifier: Apache-2.0
// The document of a profile, its checks, and the choice among its rules.
#include "engine/spec/seccomp.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include <algorithm>

#include "engine/spec/make_spec.h"
#include "estiva/base/codec.h"
#include "estiva/base/files.h"
#include "spec/rows.h"

namespace estiva::engine {

// Named for the codec, which needs their rows outside this namespace.
struct ProfileCondition {
  Strings caps, arches;
  std::string min_kernel;
};

struct ProfileRule {
  std::string name;  // docker's first profiles have one in each rule
  Strings names;
  spec::SeccompAction action = {};
  std::optional<uint32_t> errno_ret;
  std::vector<spec::SeccompArg> args;
  ProfileCondition includes, excludes;
};

struct ProfileMachine {
  spec::SeccompArch architecture = {};
  std::vector<spec::SeccompArch> sub_architectures;
};

struct ProfileDocument {
  spec::SeccompAction default_action = {};
  std::optional<uint32_t> default_errno_ret;
  std::vector<spec::SeccompArch> architectures;
  std::vector<ProfileMachine> arch_map;
  std::optional<Strings> flags;
  std::string listener_path, listener_metadata;
  std::vector<ProfileRule> syscalls;
};

}  // namespace estiva::engine

namespace estiva::codec {

using engine::ProfileCondition, engine::ProfileRule, engine::ProfileMachine, engine::ProfileDocument;

template <>
std::span<const Row> rows<ProfileCondition>() {
  static constexpr Row kRows[] = {
      row<&ProfileCondition::caps>("caps"),
      row<&ProfileCondition::arches>("arches"),
      row<&ProfileCondition::min_kernel>("minKernel"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ProfileRule>() {
  static constexpr Row kRows[] = {
      row<&ProfileRule::name>("name"),
      row<&ProfileRule::names>("names"),
      row<&ProfileRule::action>("action", kRequired),
      row<&ProfileRule::errno_ret>("errnoRet"),
      row<&ProfileRule::args>("args"),
      row<&ProfileRule::includes>("includes"),
      row<&ProfileRule::excludes>("excludes"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ProfileMachine>() {
  static constexpr Row kRows[] = {
      row<&ProfileMachine::architecture>("architecture", kRequired),
      row<&ProfileMachine::sub_architectures>("subArchitectures"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ProfileDocument>() {
  static constexpr Row kRows[] = {
      row<&ProfileDocument::default_action>("defaultAction", kRequired),
      row<&ProfileDocument::default_errno_ret>("defaultErrnoRet"),
      row<&ProfileDocument::architectures>("architectures"),
      row<&ProfileDocument::arch_map>("archMap"),
      row<&ProfileDocument::flags>("flags"),
      row<&ProfileDocument::listener_path>("listenerPath"),
      row<&ProfileDocument::listener_metadata>("listenerMetadata"),
      row<&ProfileDocument::syscalls>("syscalls"),
  };
  return kRows;
}

}  // namespace estiva::codec

namespace estiva::engine {

namespace {

constexpr size_t kMaxProfile = 512 << 10;  // it becomes a string of the record
constexpr uint32_t kMaxArgument = 5, kMaxErrno = 4095;

#if defined(__x86_64__) && defined(__LP64__)
constexpr SeccompMachine kHere{"amd64", spec::SeccompArch::kX86_64};
#elif defined(__i386__)
constexpr SeccompMachine kHere{"x86", spec::SeccompArch::kX86};
#elif defined(__aarch64__)
constexpr SeccompMachine kHere{"arm64", spec::SeccompArch::kAarch64};
#elif defined(__arm__)
constexpr SeccompMachine kHere{"arm", spec::SeccompArch::kArm};
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr SeccompMachine kHere{"ppc64le", spec::SeccompArch::kPpc64le};
#elif defined(__s390x__)
constexpr SeccompMachine kHere{"s390x", spec::SeccompArch::kS390x};
#elif defined(__riscv) && __riscv_xlen == 64
constexpr SeccompMachine kHere{"riscv64", spec::SeccompArch::kRiscv64};
#elif defined(__loongarch64)
constexpr SeccompMachine kHere{"loong64", spec::SeccompArch::kLoongarch64};
#else
constexpr SeccompMachine kHere{};
#endif

template <typename List, typename Value>
bool has(const List& list, const Value& value) {
  return std::ranges::find(list, value) != list.end();
}

// ---- checks, so that an error tells the place in the profile and not in config.json

Result<void> check_kernel(const ProfileCondition& condition, const std::string& object) {
  const std::string& text = condition.min_kernel;
  if (text.empty() || parse_kernel(text)) return {};
  return Error::invalid(text::cat(object, "/minKernel"), text::cat(text::quote(text), " is not like 4.8"));
}

Result<void> check_rule(const ProfileRule& rule, const std::string& object) {
  if (rule.name.empty() == rule.names.empty())
    return Error::invalid(object, "needs either names or name, and not both");
  if (rule.errno_ret.value_or(0) > kMaxErrno)
    return Error::invalid(text::cat(object, "/errnoRet"), text::cat("is above ", kMaxErrno));
  for (size_t i = 0; i < rule.args.size(); ++i) {
    if (rule.args[i].index > kMaxArgument)
      return Error::invalid(text::cat(object, "/args/", i, "/index"), text::cat("is above ", kMaxArgument));
  }
  TRY(check_kernel(rule.includes, text::cat(object, "/includes")));
  return check_kernel(rule.excludes, text::cat(object, "/excludes"));
}

Result<ProfileDocument> parse_profile(std::string_view text) {
  ProfileDocument profile = TRY(codec::decode<ProfileDocument>(text));
  if (!profile.architectures.empty() && !profile.arch_map.empty())
    return Error::invalid("/archMap", "can't be beside architectures");
  if (profile.default_errno_ret.value_or(0) > kMaxErrno)
    return Error::invalid("/defaultErrnoRet", text::cat("is above ", kMaxErrno));
  for (size_t i = 0; i < profile.syscalls.size(); ++i)
    TRY(check_rule(profile.syscalls[i], text::cat("/syscalls/", i)));
  return profile;
}

// ---- the choice

// All capabilities that are included, none that is excluded: docker's meaning.
bool holds(const ProfileRule& rule, const SeccompSituation& situation) {
  const auto held = [&](const std::string& capability) { return has(situation.capabilities, capability); };
  const ProfileCondition &in = rule.includes, &out = rule.excludes;
  if (std::ranges::any_of(out.caps, held) || !std::ranges::all_of(in.caps, held)) return false;
  if (has(out.arches, situation.machine.name)) return false;
  if (!in.arches.empty() && !has(in.arches, situation.machine.name)) return false;
  if (!out.min_kernel.empty() && situation.kernel >= *parse_kernel(out.min_kernel)) return false;
  return in.min_kernel.empty() || situation.kernel >= *parse_kernel(in.min_kernel);
}

std::vector<spec::SeccompArch> architectures_of(const ProfileDocument& profile,
                                                const SeccompMachine& machine) {
  for (const ProfileMachine& each : profile.arch_map) {
    if (each.architecture != machine.arch) continue;
    std::vector<spec::SeccompArch> out = {each.architecture};
    out.insert(out.end(), each.sub_architectures.begin(), each.sub_architectures.end());
    return out;
  }
  return profile.architectures;
}

spec::SeccompSyscall plain(ProfileRule& rule) {
  Strings names = rule.name.empty() ? std::move(rule.names) : Strings{rule.name};
  return {std::move(names), rule.action, rule.errno_ret, std::move(rule.args)};
}

}  // namespace

std::optional<KernelVersion> parse_kernel(std::string_view release) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const size_t dot = release.find('.');
  if (dot == release.npos) return std::nullopt;
  const std::string_view rest = release.substr(dot + 1);
  const auto end = std::ranges::find_if_not(rest, is_digit);
  const auto major = text::number<uint32_t>(release.substr(0, dot));
  const auto minor = text::number<uint32_t>(rest.substr(0, static_cast<size_t>(end - rest.begin())));
  if (!major || !minor) return std::nullopt;
  return KernelVersion{*major, *minor};
}

SeccompSituation situation_here(Strings capabilities) {
  struct utsname name;
  ::uname(&name);
  return {std::move(capabilities), kHere, parse_kernel(name.release).value_or(KernelVersion())};
}

Result<spec::Seccomp> choose_seccomp(std::string_view profile, const SeccompSituation& situation) {
  ProfileDocument document = TRY(parse_profile(profile));
  spec::Seccomp out;
  out.default_action = document.default_action;
  out.default_errno_ret = document.default_errno_ret;
  out.architectures = architectures_of(document, situation.machine);
  out.flags = std::move(document.flags);
  out.listener_path = std::move(document.listener_path);
  out.listener_metadata = std::move(document.listener_metadata);
  for (ProfileRule& rule : document.syscalls)
    if (holds(rule, situation)) out.syscalls.push_back(plain(rule));
  return out;
}

Result<void> read_seccomp_files(Strings& security_opt) {
  for (std::string& option : security_opt) {
    constexpr std::string_view kKey = "seccomp";
    const bool is_file = option.starts_with(kKey) && option.size() > kKey.size() + 1 &&
                         std::string_view("=:").find(option[kKey.size()]) != std::string_view::npos;
    const std::string file = is_file ? option.substr(kKey.size() + 1) : "";
    if (file.empty() || file == kSeccompUnconfined || file == kSeccompBuiltin || file[0] == '{') continue;
    const std::string content = TRY(files::read_all(FdView::cwd(), file, kMaxProfile).context([&] {
      return text::cat("option --security-opt seccomp=", file);
    }));
    Result<ProfileDocument> profile = parse_profile(content);
    if (!profile.ok()) {
      const std::string place = profile.error().parts().object;
      return std::move(profile).error().object(
          text::cat("seccomp profile ", text::quote(file), place.empty() ? "" : ": ", place));
    }
    option = text::cat(kKey, "=", text::trim(content));
  }
  return {};
}

}  // namespace estiva::engine
