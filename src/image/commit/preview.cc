// SPDX-License-Identifier: Apache-2.0
// The comparison's changes, counted. The size is that of the layer's tar: its headers are made by the same code.
#include "image/commit/preview.h"

#include <fnmatch.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/commit/secrets.h"

namespace estiva::image {

namespace {

constexpr size_t kMostParts = 10;

constexpr const char* kCaches[] = {
    "/var/lib/apt/lists",
    "/var/cache/apt",
    "/var/cache/apk",
    "/var/cache/dnf",
    "/var/cache/yum",
    "/var/cache/zypp",
    "/var/cache/debconf",
    "/var/cache/pacman/pkg",
    "/var/cache/ldconfig",
    "/var/cache/man",
    "/var/log",
    "/tmp",
    "/var/tmp",
    "/root/.cache",
    "/home/*/.cache",
    "/root/.npm",
    "/home/*/.npm",
    "/root/.cargo/registry",
    "/root/go/pkg/mod",
    "/usr/local/share/.cache",
};

size_t depth_of(std::string_view path) { return static_cast<size_t>(std::ranges::count(path, '/')); }

// The first parts of a path: "/a/b/c" and 2 is "/a/b".
std::string first_parts(const std::string& path, size_t count) {
  size_t end = 0;
  while (count-- > 0 && end != std::string::npos) end = path.find('/', end + 1);
  return path.substr(0, end);
}

class Counter {
 public:
  Counter(const Comparison& comparison, const ContainerConfig& config) : comparison_(comparison) {
    for (const auto& [path, nothing] : config.volumes) volumes_.push_back(path);
  }

  Result<void> add(const Change& change) {
    if (change.kind == ChangeKind::kDeleted) {
      ++out_.deleted;
      return {};
    }
    if (!change.only_content) ++(change.kind == ChangeKind::kAdded ? out_.added : out_.changed);
    const Attributes& attributes = change.after->attributes;
    if (!attributes.is_file()) return {};
    out_.largest.push_back({change.path, attributes.size});
    if (out_.largest.size() > 100 * kMostParts) shorten();
    const std::string cache = cache_of(change.path);
    if (!cache.empty()) caches_[cache] += attributes.size;
    for (const std::string& volume : volumes_)
      if (change.path.starts_with(volume + "/")) lost_[volume] += attributes.size;
    return look_into(change);
  }

  Preview finish() {
    shorten();
    for (const auto& [path, size] : caches_) out_.caches.push_back({path, size});
    for (const auto& [path, size] : lost_) out_.volumes.push_back({path, size});
    return std::move(out_);
  }

 private:
  Result<void> look_into(const Change& change) {
    const std::optional<Content> content = TRY(comparison_.after.content(*change.after));
    if (!content) return {};
    std::string head(std::min<uint64_t>(kSecretHead, content->size), '\0');
    head.resize(
        TRY(sys::pread(content->file, head.data(), head.size(), static_cast<off_t>(content->offset))));
    const std::string_view reason = secret_in(change.path, head);
    if (!reason.empty()) out_.secrets.push_back({change.path, std::string(reason)});
    return {};
  }

  void shorten() {
    std::ranges::stable_sort(out_.largest, std::ranges::greater(), &Preview::Part::size);
    if (out_.largest.size() > kMostParts) out_.largest.resize(kMostParts);
  }

  const Comparison& comparison_;
  std::vector<std::string> volumes_;
  std::map<std::string, uint64_t> caches_, lost_;
  Preview out_;
};

}  // namespace

std::string cache_of(const std::string& path) {
  for (const std::string_view cache : kCaches) {
    const size_t depth = depth_of(cache);
    if (depth_of(path) <= depth) continue;
    std::string top = first_parts(path, depth);
    if (::fnmatch(std::string(cache).c_str(), top.c_str(), FNM_PATHNAME) == 0) return top;
  }
  return {};
}

Result<Preview> preview(const Comparison& comparison, const ContainerConfig& config,
                        const LayerOptions& options) {
  Counter counter(comparison, config);
  LayerOptions counting = options;
  counting.visit = [&](const Change& change) { return counter.add(change); };
  const PlannedLayer planned = TRY(plan_layer(comparison, counting));
  Preview out = counter.finish();
  out.layer_size = planned.size;
  out.warnings = planned.warnings;
  return out;
}

}  // namespace estiva::image
