// SPDX-License-Identifier: Apache-2.0
// Notes.
#include "engine/container/asked.h"

#include <fcntl.h>

#include "engine/container/status.h"
#include "estiva/base/files.h"
#include "estiva/base/key_values.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr char kAskedFile[] = "asked", kStartErrorFile[] = "start-error";
constexpr size_t kMost = 8, kMaxFile = 64 << 10;

constexpr Key kStartErrorKeys[] = {
    key_values::row<&StartError::at_ns>("at-ns"),
    key_values::row<&StartError::error>("error"),
};

}  // namespace

void note_signal(const Containers& containers, const std::string& id, const Asked& asked) {
  const Result<Fd> file =
      sys::open(containers.run_file(id, kAskedFile), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (file.ok())
    (void)sys::write_all(file.value(), text::cat(asked.verb, " ", asked.signal, " ", asked.at_ns, "\n"));
}

void keep_signals(const Containers& containers, const std::string& id) {
  const Result<std::string> text =
      files::read_all(FdView::cwd(), containers.run_file(id, kAskedFile), kMaxFile);
  const Result<Fd> directory = sys::open(containers.dir(id), O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return;
  if (text.ok()) {
    (void)files::replace(directory.value(), kAskedFile, text.value(), 0600);
  } else {
    (void)sys::unlinkat(directory.value(), kAskedFile);
  }
}

std::vector<Asked> noted_signals(const Containers& containers, const std::string& id) {
  std::vector<Asked> out;
  const bool runs = read_state(containers, id).ok();
  const std::string path = runs ? containers.run_file(id, kAskedFile) : containers.file(id, kAskedFile);
  const Result<std::string> text = files::read_all(FdView::cwd(), path, kMaxFile);
  for (const std::string& line : text.ok() ? text::split(text.value(), '\n') : Strings()) {
    const std::vector<std::string> words = text::split(line, ' ');
    if (words.size() != 3) continue;
    const auto signal = text::number<int>(words[1]);
    const auto time = text::number<int64_t>(words[2]);
    if (signal && time) out.push_back({words[0], *signal, *time});
  }
  if (out.size() > kMost) out.erase(out.begin(), out.end() - kMost);
  return out;
}

void note_start(const Containers& containers, const std::string& id, const StartError& error) {
  const Result<Fd> directory = sys::open(containers.dir(id), O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return;
  if (error.at_ns == 0) {
    (void)sys::unlinkat(directory.value(), kStartErrorFile);
    return;
  }
  StartError line = error;
  line.error = text::printable(error.error);
  const Result<std::string> text = key_values::write(kStartErrorKeys, &line);
  if (text.ok()) (void)files::replace(directory.value(), kStartErrorFile, text.value(), 0600);
}

StartError last_start_error(const Containers& containers, const std::string& id) {
  StartError out;
  const Result<std::string> text =
      files::read_all(FdView::cwd(), containers.file(id, kStartErrorFile), kMaxFile);
  if (!text.ok()) return out;
  const bool good = key_values::parse(kStartErrorKeys, &out, text.value(), key_values::Unknown::kIgnore).ok();
  return good ? out : StartError();
}

}  // namespace estiva::engine
