// SPDX-License-Identifier: Apache-2.0
// The file of what exec needs.
#include "runtime/parent/exec_defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "estiva/base/codec.h"
#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva {

template <>
std::span<const codec::Row> codec::rows<ExecDefaults>() {
  static constexpr Row kRows[] = {
      row<&ExecDefaults::process>("process"),
      row<&ExecDefaults::linux>("linux", kKeep),
      row<&ExecDefaults::new_keyring>("newKeyring", kKeep),
  };
  return kRows;
}

namespace {

constexpr size_t kMaxFile = 32 << 20;

Error damaged(const char* why) { return Error(Code::kInternal, text::cat(kExecFile, " ", why)); }

}  // namespace

std::string encode_exec_defaults(const ExecDefaults& defaults, std::span<const sock_filter> filter) {
  std::string content = codec::encode(defaults) + "\n";
  content.append(reinterpret_cast<const char*>(filter.data()), filter.size_bytes());
  return content;
}

Result<StoredDefaults> decode_exec_defaults(std::string_view content) {
  const size_t end = content.find('\n');
  if (end == std::string_view::npos) return damaged("has no end of its first line");
  StoredDefaults stored;
  stored.defaults = TRY(codec::decode<ExecDefaults>(content.substr(0, end)));
  content.remove_prefix(end + 1);
  if (content.size() % sizeof(sock_filter) != 0) return damaged("ends within an instruction");
  stored.filter.resize(content.size() / sizeof(sock_filter));
  if (!content.empty()) memcpy(stored.filter.data(), content.data(), content.size());
  // Without its filter a process would be freer than its container.
  if (stored.defaults.linux.seccomp && stored.filter.empty()) return damaged("has lost its filter");
  return stored;
}

Result<void> store_exec_defaults(const ContainerDir& dir, const ExecDefaults& defaults,
                                 std::span<const sock_filter> filter) {
  Fd file = TRY(sys::openat(dir.dir, kExecFile, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  file.close_later();
  return sys::write_all(file, encode_exec_defaults(defaults, filter));
}

Result<StoredDefaults> load_exec_defaults(const StoredContainer& container) {
  if (container.record.version < 2) {
    return Error::unsupported("container record", text::cat("has version ", container.record.version,
                                                            ", which does not keep what exec needs"))
        .hint("make the container again, then exec can enter it");
  }
  Result<std::string> content = files::read_all(container.dir.dir, kExecFile, kMaxFile);
  if (!content.ok() && content.error().errnum() == ENOENT)
    return Error(Code::kState, text::cat("container ", text::quote(container.dir.id), " is being deleted"));
  return decode_exec_defaults(TRY(std::move(content))).context([] { return "container record"; });
}

}  // namespace estiva
