// SPDX-License-Identifier: Apache-2.0
// Which image of an index is the one for a machine.
#include "image/registry/platform.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

struct Alias {
  std::string_view alias, architecture, variant;
};
constexpr Alias kAliases[] = {{"x86_64", "amd64", ""}, {"x86-64", "amd64", ""}, {"aarch64", "arm64", ""},
                              {"armhf", "arm", "v7"},  {"armel", "arm", "v6"},  {"i386", "386", ""},
                              {"i686", "386", ""}};

constexpr unsigned kNoRank = ~0u;

// Documents leave the usual variant out.
std::string_view usual_variant(std::string_view architecture) {
  if (architecture == "arm") return "v7";
  if (architecture == "arm64") return "v8";
  if (architecture == "amd64") return "v1";
  return "";
}

unsigned variant_number(const Platform& platform) {
  const std::string_view variant =
      platform.variant.empty() ? usual_variant(platform.architecture) : std::string_view(platform.variant);
  return variant.starts_with('v') ? text::number<unsigned>(variant.substr(1)).value_or(0) : 0;
}

// Newer variants run what is made for older ones.
bool has_ladder(std::string_view architecture) {
  return architecture == "amd64" || architecture == "arm" || architecture == "arm64";
}

// 0 is best; kNoRank: it does not run there.
unsigned rank(const Platform& offered, const PlatformWish& wish) {
  const Platform& wanted = wish.platform;
  if (offered.os != wanted.os) return kNoRank;
  if (offered.architecture == wanted.architecture) {
    if (!has_ladder(wanted.architecture)) return offered.variant == wanted.variant ? 0 : kNoRank;
    const unsigned has = variant_number(offered), most = variant_number(wanted);
    return has <= most ? most - has : kNoRank;
  }
  // Most 64-bit ARM processors run 32-bit programs; better than nothing.
  constexpr unsigned kOtherArchitecture = 1000, kArmNewest = 8;
  if (!wish.named && wanted.architecture == "arm64" && offered.architecture == "arm")
    return kOtherArchitecture + kArmNewest - std::min(variant_number(offered), kArmNewest);
  return kNoRank;
}

// Attestations of build tools stand among the images.
bool is_image(const Descriptor& entry) {
  if (entry.annotations.contains("vnd.docker.reference.type")) return false;
  return !entry.platform || entry.platform->os != "unknown" || entry.platform->architecture != "unknown";
}

std::string amd64_variant() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v2 =
      __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? "v4" : v3 ? "v3" : v2 ? "v2" : "v1";
#else
  return "";
#endif
}

std::string offered_list(const Index& index) {
  std::vector<std::string> names;
  for (const Descriptor& entry : index.manifests)
    if (is_image(entry) && entry.platform) names.push_back(text::printable(describe(*entry.platform)));
  return names.empty() ? "nothing" : text::join(names, ", ");
}

}  // namespace

std::string describe(const Platform& platform) {
  return text::cat(platform.os, "/", platform.architecture, platform.variant.empty() ? "" : "/",
                   platform.variant);
}

PlatformWish local_platform() {
  PlatformWish wish{host_platform()};
  if (wish.platform.architecture == "amd64" && wish.platform.variant.empty())
    wish.platform.variant = amd64_variant();
  return wish;
}

static bool is_platform_word(const std::string& word) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !word.empty() && plain(word.front()) &&
         std::ranges::all_of(word, [&](char c) { return plain(c) || c == '_' || c == '-' || c == '.'; });
}

Result<PlatformWish> parse_platform(std::string_view text) {
  const std::vector<std::string> parts = text::split(text::lower(text), '/');
  const bool valid = parts.size() <= 3 && std::ranges::all_of(parts, is_platform_word);
  if (!valid) {
    return Error(Code::kInvalid, text::cat(text::quote(text), " is no platform"))
        .hint("OS/ARCHITECTURE[/VARIANT], as linux/arm/v7");
  }
  PlatformWish wish{{}, true};
  wish.platform.os = parts.size() == 1 ? "linux" : parts[0];
  wish.platform.architecture = parts.size() == 1 ? parts[0] : parts[1];
  if (parts.size() == 3) wish.platform.variant = parts[2];
  const auto alias = std::ranges::find(kAliases, wish.platform.architecture, &Alias::alias);
  if (alias != std::end(kAliases)) {
    wish.platform.architecture = alias->architecture;
    if (wish.platform.variant.empty()) wish.platform.variant = alias->variant;
  }
  return wish;
}

bool suits(const Platform& platform, const PlatformWish& wish) { return rank(platform, wish) != kNoRank; }

Result<const Descriptor*> choose_platform(const Index& index, const PlatformWish& wish) {
  const Descriptor* best = nullptr;
  const Descriptor* without = nullptr;  // says of no platform that it is for it
  unsigned best_rank = kNoRank;
  for (const Descriptor& entry : index.manifests) {
    if (!is_image(entry)) continue;
    if (!entry.platform) {
      if (without == nullptr) without = &entry;
      continue;
    }
    const unsigned its = rank(*entry.platform, wish);
    if (its >= best_rank) continue;
    best = &entry;
    best_rank = its;
  }
  if (best == nullptr) best = without;
  if (best != nullptr) return best;
  return Error(Code::kNotFound,
               text::cat("has no image for ", describe(wish.platform), ", but for ", offered_list(index)))
      .hint(wish.named ? "another --platform"
                       : "--platform OS/ARCHITECTURE takes another than this machine's");
}

}  // namespace estiva::image
