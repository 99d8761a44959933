// SPDX-License-Identifier: Apache-2.0
// Tar headers, written.
#include "image/tar/writer.h"

#include <string.h>

#include "estiva/base/text.h"

namespace estiva::image::tar {

namespace {

constexpr uint64_t kMaxOctal8 = 07777777, kMaxOctal12 = 077777777777;

constexpr char type_of(Kind kind) { return "0123456"[static_cast<size_t>(kind)]; }

// The kinds stand in the order of their digits in ustar.
static_assert(type_of(Kind::kFile) == '0' && type_of(Kind::kHardLink) == '1' &&
              type_of(Kind::kSymlink) == '2' && type_of(Kind::kCharDevice) == '3' &&
              type_of(Kind::kBlockDevice) == '4' && type_of(Kind::kDirectory) == '5' &&
              type_of(Kind::kFifo) == '6');

void set_octal(std::string& header, size_t offset, size_t size, uint64_t value) {
  std::string digits = text::octal(value);
  digits.insert(0, size - 1 - std::min(size - 1, digits.size()), '0');
  memcpy(header.data() + offset, digits.data(), size - 1);
}

void set_text(std::string& header, size_t offset, size_t size, std::string_view text) {
  memcpy(header.data() + offset, text.data(), std::min(size, text.size()));
}

// "LENGTH name=value\n", where the length counts its own digits.
void add_record(std::string& pax, std::string_view name, std::string_view value) {
  const size_t rest = name.size() + value.size() + 3;
  size_t length = rest + 1;
  while (text::cat(length).size() + rest != length) length = text::cat(length).size() + rest;
  pax += text::cat(length, " ", name, "=", value, "\n");
}

std::string time_text(const Entry& entry) {
  if (entry.mtime_nsec == 0) return text::cat(entry.mtime);
  // -1.25 is 750 ms after -2.
  const bool negative = entry.mtime < 0;
  const int64_t whole = negative ? entry.mtime + 1 : entry.mtime;
  const uint32_t nsec = negative ? 1'000'000'000 - entry.mtime_nsec : entry.mtime_nsec;
  std::string digits = text::cat(nsec);
  digits.insert(0, 9 - digits.size(), '0');
  while (digits.ends_with('0')) digits.pop_back();
  return text::cat(negative && whole == 0 ? "-" : "", whole, ".", digits);
}

bool fits_name(std::string_view path) { return path.size() <= 100; }

std::string pax_records(const Entry& entry) {
  std::string pax;
  if (!fits_name(entry.path)) add_record(pax, "path", entry.path);
  if (entry.link.size() > 100) add_record(pax, "linkpath", entry.link);
  if (entry.size > kMaxOctal12) add_record(pax, "size", text::cat(entry.size));
  if (entry.uid > kMaxOctal8) add_record(pax, "uid", text::cat(entry.uid));
  if (entry.gid > kMaxOctal8) add_record(pax, "gid", text::cat(entry.gid));
  if (entry.mtime_nsec != 0 || entry.mtime < 0 || static_cast<uint64_t>(entry.mtime) > kMaxOctal12)
    add_record(pax, "mtime", time_text(entry));
  for (const auto& [name, value] : entry.xattrs) add_record(pax, text::cat("SCHILY.xattr.", name), value);
  return pax;
}

std::string make_header(const Entry& entry, char type, uint64_t size) {
  std::string header(kBlock, '\0');
  set_text(header, 0, 100, entry.path);
  set_octal(header, 100, 8, entry.permissions);
  set_octal(header, 108, 8, entry.uid > kMaxOctal8 ? 0 : entry.uid);
  set_octal(header, 116, 8, entry.gid > kMaxOctal8 ? 0 : entry.gid);
  set_octal(header, 124, 12, size > kMaxOctal12 ? 0 : size);
  set_octal(header, 136, 12, entry.mtime < 0 ? 0 : static_cast<uint64_t>(entry.mtime) & kMaxOctal12);
  header[156] = type;
  set_text(header, 157, 100, entry.link);
  set_text(header, 257, 8, std::string_view("ustar\00000", 8));
  const bool device = entry.kind == Kind::kCharDevice || entry.kind == Kind::kBlockDevice;
  set_octal(header, 329, 8, device ? entry.major : 0);
  set_octal(header, 337, 8, device ? entry.minor : 0);
  unsigned sum = 8 * ' ';
  for (const char c : header) sum += static_cast<unsigned char>(c);
  set_octal(header, 148, 7, sum);
  header[155] = ' ';
  return header;
}

}  // namespace

Result<void> Writer::put(std::string_view bytes) {
  offset_ += bytes.size();
  return output_(bytes);
}

Result<void> Writer::pad() {
  const uint64_t rest = offset_ % kBlock;
  return rest == 0 ? Result<void>() : put(std::string(kBlock - rest, '\0'));
}

Result<void> Writer::add(const Entry& entry) {
  TRY(pad());
  const std::string pax = pax_records(entry);
  if (!pax.empty()) {
    Entry head;
    head.path =
        text::cat("PaxHeaders/", entry.path.substr(entry.path.rfind('/', entry.path.size() - 2) + 1, 80));
    head.permissions = 0644;
    TRY(put(make_header(head, 'x', pax.size())));
    TRY(put(pax));
    TRY(pad());
  }
  return put(make_header(entry, type_of(entry.kind), entry.kind == Kind::kFile ? entry.size : 0));
}

Result<void> Writer::data(std::string_view piece) { return put(piece); }

Result<void> Writer::add_file(const std::string& path, std::string_view content) {
  Entry entry;
  entry.path = path;
  entry.permissions = 0644;
  entry.size = content.size();
  TRY(add(entry));
  return data(content);
}

Result<void> Writer::finish() {
  TRY(pad());
  return put(std::string(2 * kBlock, '\0'));
}

}  // namespace estiva::image::tar
