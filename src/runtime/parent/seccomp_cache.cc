// SPDX-License-Identifier: Apache-2.0
// The cache of compiled seccomp programs: one file a profile below the state root, which only root can write.
// A file holds the whole profile beside its program; the name is only a hint, so equal hashes do no harm.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "estiva/base/codec.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/spec/seccomp.h"
#include "runtime/parent/seccomp.h"

namespace estiva {

namespace {

constexpr const char* kDirectory = ".seccomp";
constexpr size_t kMaxFile = 8 << 20;

std::string key_of(const spec::Seccomp& seccomp) {
  return text::cat("estiva 1 libseccomp ", libseccomp_version(), "\n", codec::encode(seccomp), "\n");
}

// FNV-1a, 64 bits.
std::string name_of(std::string_view key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return text::octal(hash);
}

struct OwnFile {
  Fd fd;
  struct stat info;
};

// Only what is our own and nobody else can write to is believed.
Result<OwnFile> open_own(FdView dir, sys::Path path, int flags) {
  OwnFile file;
  file.fd = TRY(sys::openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags));
  file.fd.close_later();
  file.info = TRY(sys::fstat(file.fd));
  const bool own = file.info.st_uid == sys::effective_uid() && (file.info.st_mode & 022) == 0;
  if (!own) return Error::system("open .seccomp", EPERM);
  return file;
}

Result<Fd> make_directory(FdView root) {
  Result<OwnFile> dir = open_own(root, kDirectory, O_DIRECTORY);
  if (!dir.ok() && dir.error().errnum() == ENOENT) {
    TRY(sys::mkdirat(root, kDirectory, 0700));
    dir = open_own(root, kDirectory, O_DIRECTORY);
  }
  return TRY(std::move(dir))
  .fd;
}

Result<std::vector<sock_filter>> load(FdView root, const std::string& key) {
  const OwnFile file = TRY(open_own(root, text::cat(kDirectory, "/", name_of(key)), 0));
  const std::string content = TRY(files::read_file(file.fd, file.info, kMaxFile));
  if (!content.starts_with(key) || (content.size() - key.size()) % sizeof(sock_filter) != 0)
    return Error(Code::kNotFound, "");
  std::vector<sock_filter> program((content.size() - key.size()) / sizeof(sock_filter));
  if (program.empty()) return Error(Code::kNotFound, "");
  memcpy(program.data(), content.data() + key.size(), content.size() - key.size());
  return program;
}

Result<void> save(FdView root, const std::string& key, const std::vector<sock_filter>& program) {
  const Fd dir = TRY(make_directory(root));
  std::string content = key;
  content.append(reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter));
  return files::replace(dir, name_of(key), content, 0600);
}

}  // namespace

Result<std::vector<sock_filter>> cached_seccomp(FdView root, const spec::Seccomp& seccomp) {
  const std::string key = key_of(seccomp);
  Result<std::vector<sock_filter>> cached = load(root, key);
  if (cached.ok()) return cached;
  std::vector<sock_filter> program = TRY(compile_seccomp(seccomp));
  (void)save(root, key, program);  // without the cache the next start is slower, nothing else
  return program;
}

}  // namespace estiva
