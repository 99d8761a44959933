// SPDX-License-Identifier: Apache-2.0
// The walk over both sides at once. What is the same on both by all that a layer keeps, content too, is no change: a file
// that was opened for writing and closed again was copied up by the overlay, and is still the image's.
#include "image/changes/compare.h"

#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 256 << 10;
bool is_before(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

class Comparer {
 public:
  Comparer(const Comparison& comparison, const Visit& visit) : given_(comparison), visit_(visit) {
    for (const std::string& point : given_.mount_points)
      for (size_t end = point.size(); end > 0 && end != std::string::npos; end = point.rfind('/', end - 1))
        on_the_way_.insert(point.substr(0, end));
  }

  Result<void> run() {
    const Folder before = TRY(given_.before.root()), after = TRY(given_.after.root());
    const Found old = TRY(given_.before.find_root(before)), now = TRY(given_.after.find_root(after));
    const Attributes &a = old.attributes, &b = now.attributes;
    if (a.mode != b.mode || a.uid != b.uid || a.gid != b.gid)
      TRY(visit_({.kind = ChangeKind::kChanged, .path = "/", .before = &old, .after = &now}));
    return walk("", &before, after, !given_.is_upper);
  }

 private:
  // `covered`: what `after` does not have is gone, else it shows through.
  Result<void> walk(const std::string& path, const Folder* before, const Folder& after, bool covered) {
    if (path.size() > kMaxPath) {
      return Error(Code::kInvalid, text::cat("a path has more than ", kMaxPath, " bytes"))
          .object(text::quote(path.substr(0, 60) + "..."));
    }
    std::vector<Listed> names = TRY(given_.after.list(after));
    std::vector<Found> there;
    there.reserve(names.size());
    std::vector<std::string> white;
    for (auto& [name, is_file] : names) {
      if (is_file && given_.names_only) {
        there.push_back(
            {.folder = &after, .name = std::move(name), .attributes = {.mode = S_IFREG}, .looked_at = false});
        continue;
      }
      std::optional<Found> found = TRY(given_.after.find(after, name));
      if (!found) continue;
      if (found->whiteout) {
        white.push_back(name);
      } else {
        there.push_back(std::move(*found));
      }
    }
    if (before != nullptr) TRY(report_gone(path, *before, covered ? TRY(missing(*before, there)) : white));
    for (Found& found : there) {
      std::optional<Found> old;
      if (before != nullptr) old = TRY(given_.before.find(*before, found.name));
      if (old && old->whiteout) old.reset();
      const std::string whole = text::cat(path, "/", found.name);
      if (!found.looked_at && (old || given_.mount_points.contains(whole)) && !TRY(look_at(found))) continue;
      TRY(step(whole, old ? &*old : nullptr, found, covered));
    }
    return {};
  }

  // False: it has gone since.
  Result<bool> look_at(Found& found) const {
    std::optional<Found> now = TRY(given_.after.find(*found.folder, found.name));
    if (!now || now->whiteout) return false;
    found = std::move(*now);
    return true;
  }

  Result<std::vector<std::string>> missing(const Folder& before, const std::vector<Found>& there) const {
    std::vector<std::string> out;
    for (auto& [name, is_file] : TRY(given_.before.list(before))) {
      const auto at = std::ranges::lower_bound(there, name, {}, &Found::name);
      if (at == there.end() || at->name != name) out.push_back(std::move(name));
    }
    return out;
  }

  Result<void> report_gone(const std::string& path, const Folder& before,
                           const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const std::optional<Found> old = TRY(given_.before.find(before, name));
      if (old && !old->whiteout)
        TRY(report({.kind = ChangeKind::kDeleted, .path = text::cat(path, "/", name), .before = &*old}));
    }
    return {};
  }

  Result<void> step(const std::string& path, const Found* old, const Found& now, bool covered) {
    const bool same_kind =
        old != nullptr && (old->attributes.mode & S_IFMT) == (now.attributes.mode & S_IFMT);
    const Change change{.kind = old != nullptr ? ChangeKind::kChanged : ChangeKind::kAdded,
                        .path = path,
                        .before = old,
                        .after = &now};
    const bool injected = old == nullptr && is_injected(path, now);
    if (now.attributes.is_directory()) return directory(change, same_kind, injected, covered);
    if (injected || (same_kind && TRY(is_same(*old, now)))) return {};
    return report(change);
  }

  Result<void> directory(Change change, bool same_kind, bool injected, bool covered) {
    const Found &now = *change.after, *old = change.before;
    const std::optional<Folder> after = TRY(given_.after.open(now));
    if (!after || is_skipped(change)) return {};
    if (same_kind) change.only_content = TRY(is_same(*old, now));
    waiting_.push_back(change);
    if (!change.only_content && !injected) TRY(flush());
    if (!same_kind) {
      TRY(walk(change.path, nullptr, *after, true));
    } else {
      const std::optional<Folder> before = TRY(given_.before.open(*old));
      if (!before || !is_same_folder(*before, *after))
        TRY(walk(change.path, before ? &*before : nullptr, *after, covered || after->opaque));
    }
    if (!waiting_.empty() && waiting_.back().path == change.path) waiting_.pop_back();
    return {};
  }

  bool is_injected(const std::string& path, const Found& now) const {
    if (now.attributes.is_directory()) return on_the_way_.contains(path);
    return now.attributes.is_file() && now.attributes.size == 0 && given_.mount_points.contains(path);
  }

  Result<bool> is_same(const Found& old, const Found& now) const {
    const Attributes &a = old.attributes, &b = now.attributes;
    if (a.device != 0 && a.device == b.device && a.inode == b.inode) return true;
    if (a.mode != b.mode || a.uid != b.uid || a.gid != b.gid || a.major != b.major || a.minor != b.minor)
      return false;
    if (!a.is_directory() && (a.size != b.size || !is_same_time(a, b))) return false;
    if (given_.untouched_before && is_before(b.ctime, *given_.untouched_before)) return true;
    if (is_same_record(old, now)) return true;
    if (TRY(given_.before.xattrs(old)) != TRY(given_.after.xattrs(now))) return false;
    if (S_ISLNK(a.mode)) return TRY(given_.before.link(old)) == TRY(given_.after.link(now));
    if (!a.is_file() || a.size == 0) return true;
    const std::optional<Content> before = TRY(given_.before.content(old)),
                                 after = TRY(given_.after.content(now));
    if (!before || !after) return false;
    return is_same_content(*before, *after);
  }

  // Two images that have layers in common: the same entry of the same layer.
  bool is_same_record(const Found& old, const Found& now) const {
    const auto origin = given_.before.origin(old);
    return origin.second != 0 && origin == given_.after.origin(now);
  }

  // What was waiting for something to be reported in it goes first.
  Result<void> flush() {
    for (const Change& change : std::exchange(waiting_, {})) TRY(visit_(change));
    return {};
  }

  bool is_skipped(const Change& change) const { return given_.skip && given_.skip(change); }

  Result<void> report(const Change& change) {
    if (is_skipped(change)) return {};
    TRY(flush());
    return visit_(change);
  }

  const Comparison& given_;
  const Visit& visit_;
  std::set<std::string> on_the_way_;  // to mount points, with these themselves
  std::vector<Change> waiting_;       // directories on the way down that nothing is reported in yet
};

}  // namespace

bool is_same_time(const Attributes& a, const Attributes& b) {
  return a.mtime == b.mtime && (a.mtime_nsec == b.mtime_nsec || a.mtime_nsec == 0 || b.mtime_nsec == 0);
}

Result<bool> is_same_content(const Content& a, const Content& b) {
  if (a.size != b.size) return false;
  std::string one(kPiece, '\0'), other(kPiece, '\0');
  for (uint64_t done = 0; done < a.size;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(kPiece, a.size - done));
    const size_t count = TRY(sys::pread(a.file, one.data(), want, static_cast<off_t>(a.offset + done)));
    if (count == 0) return false;  // shorter than it was
    for (size_t got = 0; got < count;) {
      const size_t more =
          TRY(sys::pread(b.file, other.data() + got, count - got, static_cast<off_t>(b.offset + done + got)));
      if (more == 0) return false;
      got += more;
    }
    if (one.compare(0, count, other, 0, count) != 0) return false;
    done += count;
  }
  return true;
}

void allow_descriptors() {
  const Result<struct rlimit64> limit = sys::prlimit(0, RLIMIT_NOFILE, nullptr);
  if (!limit.ok()) return;
  struct rlimit64 more = limit.value();
  more.rlim_cur = more.rlim_max;
  (void)sys::prlimit(0, RLIMIT_NOFILE, &more);
}

Result<void> compare(const Comparison& comparison, const Visit& visit) {
  allow_descriptors();
  return Comparer(comparison, visit).run();
}

}  // namespace estiva::image
