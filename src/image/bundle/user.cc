// SPDX-License-Identifier: Apache-2.0
// Users and groups of an image.
#include "image/bundle/user.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxFile = 4 << 20;   // bytes
constexpr size_t kMaxLine = 64 << 10;  // a group may have many members
constexpr size_t kMaxGroups = 65536;   // NGROUPS_MAX

using Fields = std::vector<std::string>;

// The lines of a file with fields between colons; none where there is no file.
Result<std::vector<Fields>> read_fields(const RootDir& root, const char* path) {
  Result<Fd> file = root.open_at(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.ok()) {
    if (file.error().errnum() == ENOENT || file.error().errnum() == ENOTDIR) return std::vector<Fields>();
    return std::move(file).error().context(text::cat("the image's ", path));
  }
  const struct stat info = TRY(sys::fstat(file.value()));
  if (S_ISDIR(info.st_mode)) return std::vector<Fields>();
  const std::string content = TRY(files::read_file(file.value(), info, kMaxFile).context([&] {
    return text::cat("the image's ", path);
  }));
  std::vector<Fields> out;
  for (const std::string& line : text::split(content, '\n')) {
    if (line.size() > kMaxLine) {
      return Error(Code::kInvalid, text::cat("a line has more than ", kMaxLine, " bytes"))
          .object(text::cat("the image's ", path));
    }
    if (!line.empty() && line[0] != '#') out.push_back(text::split(line, ':'));
  }
  return out;
}

std::optional<uint32_t> id_of(const Fields& fields, size_t index) {
  return fields.size() > index ? text::number<uint32_t>(fields[index]) : std::nullopt;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A number as it is; all digits that are none (too large) must not be taken for a name (CVE-2024-40635).
Result<std::optional<uint32_t>> read_id(const std::string& text, std::string_view what) {
  if (!is_number(text)) return std::optional<uint32_t>();
  const auto id = text::number<uint32_t>(text);
  if (!id || *id > INT32_MAX)
    return Error(Code::kInvalid, text::cat("the ", what, " ", text, " is larger than ", INT32_MAX));
  return id;
}

Error unknown(std::string_view what, const std::string& name, const char* file) {
  return Error(Code::kInvalid, text::cat("the image has no ", what, " ", text::quote(name), " in ", file));
}

Result<uint32_t> find_group(const RootDir& root, const std::string& name) {
  if (const auto id = TRY(read_id(name, "group"))) return *id;
  for (const Fields& fields : TRY(read_fields(root, "/etc/group"))) {
    const auto id = id_of(fields, 2);
    if (fields[0] == name && id) return *id;
  }
  return unknown("group", name, "/etc/group");
}

// Those that have the user as a member, behind its primary one. That belongs there too: a process that changes its
// group must not lose what the group is refused (CVE-2022-36109, CVE-2023-25173).
Result<std::vector<uint32_t>> groups_of(const RootDir& root, const std::string& user, uint32_t primary) {
  std::vector<uint32_t> out = {primary};
  if (user.empty()) return out;
  for (const Fields& fields : TRY(read_fields(root, "/etc/group"))) {
    const auto id = id_of(fields, 2);
    if (!id || fields.size() < 4 || out.size() >= kMaxGroups) continue;
    const Fields members = text::split(fields[3], ',');
    if (std::ranges::find(members, user) != members.end() && std::ranges::find(out, *id) == out.end())
      out.push_back(*id);
  }
  return out;
}

}  // namespace

Result<FoundUser> find_user(const RootDir& root, const std::string& text) {
  const size_t colon = text.find(':');
  // ":GROUP" is root's, with that group, as in docker.
  const std::string name = text.empty() || colon == 0 ? "0" : text.substr(0, colon);
  const std::string group = colon == std::string::npos ? "" : text.substr(colon + 1);
  const auto uid = TRY(read_id(name, "user"));
  FoundUser found;
  if (uid) found.user.uid = *uid;
  bool known = false;
  std::string login;
  for (const Fields& fields : TRY(read_fields(root, "/etc/passwd"))) {
    const auto id = id_of(fields, 2), gid = id_of(fields, 3);
    if (!id || !gid || !(uid ? *id == *uid : fields[0] == name)) continue;
    found.user.uid = *id;
    found.user.gid = *gid;
    if (fields.size() > 5) found.home = fields[5];
    login = fields[0];
    known = true;
    break;
  }
  if (!known && !uid) return unknown("user", name, "/etc/passwd");
  if (!group.empty()) {  // that one alone
    found.user.gid = TRY(find_group(root, group));
    login.clear();
  }
  found.user.additional_gids = TRY(groups_of(root, login, found.user.gid));
  return found;
}

}  // namespace estiva::image
