// SPDX-License-Identifier: Apache-2.0
// Any bytes as a layer's tar: no crash, the same members however the bytes are cut, and what becomes a tree becomes an
// index. The index is written to memory.
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "image/layers/erofs.h"
#include "image/tar/reader.h"

namespace {

using namespace estiva;
using namespace estiva::image;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::string members;
  bool ok = false;
};

// Entries go to `writer`, if there is one.
Seen read(std::string_view bytes, size_t piece, EntryWriter* writer) {
  Seen seen;
  tar::Reader reader({[&](tar::Entry& entry) -> Result<void> {
                        seen.members += text::cat(entry.path, "|", entry.link, "|", entry.size, "|",
                                                  entry.data_offset, "\n");
                        if (writer == nullptr || !split_path(entry.path).ok() || entry.link.size() > 4095)
                          return {};
                        entry.size %= 1 << 20;
                        return writer->add(entry, entry.data_offset % (1 << 20) / 512 * 512);
                      },
                      nullptr, nullptr});
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    if (!reader.write(part).ok()) return seen;
  }
  seen.ok = reader.finish().ok();
  return seen;
}

void index(const Fd& list) {
  const Result<EntryFile> entries = EntryFile::open(list);
  require(entries.ok());
  Tree tree;
  if (!tree.apply(entries.value()).ok()) return;
  const Fd out = std::move(sys::memfd_create("index", 0)).value();
  const LayerData layer{"/dev/null", 0, "/dev/null"};
  require(write_index(tree, std::span(&layer, 1), "seed", out).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Fd list = std::move(sys::memfd_create("entries", 0)).value();
  EntryWriter writer(list);
  const Seen whole = read(bytes, SIZE_MAX, &writer), pieces = read(bytes, 100, nullptr);
  require(whole.ok == pieces.ok && whole.members == pieces.members);
  require(writer.finish().ok());
  if (whole.ok) index(list);
  return 0;
}
