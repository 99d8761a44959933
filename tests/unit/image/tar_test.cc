// SPDX-License-Identifier: Apache-2.0
// Tar, written and read; trees of layers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "image/layers/tree.h"
#include "image/tar/reader.h"
#include "image/tar/writer.h"

namespace estiva::image {
namespace {

tar::Entry entry(const std::string& path, tar::Kind kind = tar::Kind::kFile, const std::string& link = "") {
  tar::Entry out;
  out.path = path;
  out.kind = kind;
  out.link = link;
  out.permissions = 0644;
  return out;
}

std::vector<tar::Entry> read_all(const std::string& bytes, size_t piece) {
  std::vector<tar::Entry> out;
  tar::Reader reader({[&](tar::Entry& each) -> Result<void> {
                        out.push_back(each);
                        return {};
                      },
                      nullptr, nullptr});
  for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    const Result<void> done = reader.write(rest.substr(0, piece));
    EXPECT_TRUE(done.ok()) << done.error().to_string();
  }
  EXPECT_TRUE(reader.finish().ok());
  return out;
}

TEST(Tar, WrittenAndRead) {
  std::string bytes;
  tar::Writer writer([&](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  });
  tar::Entry first = entry("dir/" + std::string(200, 'n'));
  first.uid = 3'000'000;
  first.mtime = -2;
  first.mtime_nsec = 750'000'000;
  first.size = 700;
  first.xattrs = {{"user.a", "v\n"}};
  ASSERT_TRUE(writer.add(first).ok());
  ASSERT_TRUE(writer.data(std::string(700, 'x')).ok());
  tar::Entry device = entry("null", tar::Kind::kCharDevice);
  device.major = 1;
  device.minor = 3;
  ASSERT_TRUE(writer.add(device).ok());
  ASSERT_TRUE(writer.add(entry("link", tar::Kind::kSymlink, std::string(300, 'l'))).ok());
  ASSERT_TRUE(writer.finish().ok());
  for (const size_t piece : {size_t{1}, size_t{511}, size_t{512}, size_t{513}, bytes.size()}) {
    const std::vector<tar::Entry> seen = read_all(bytes, piece);
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0].path, first.path);
    EXPECT_EQ(seen[0].uid, first.uid);
    EXPECT_EQ(seen[0].mtime, -2);
    EXPECT_EQ(seen[0].mtime_nsec, 750'000'000u);
    EXPECT_EQ(seen[0].xattrs, first.xattrs);
    EXPECT_EQ(bytes.substr(seen[0].data_offset, 700), std::string(700, 'x'));
    EXPECT_EQ(seen[1].minor, 3u);
    EXPECT_EQ(seen[2].link, std::string(300, 'l'));
  }
}

// A header of 1979, which ends with the link's name, or one with ustar's magic.
std::string header(const std::string& name, char type, size_t size, bool ustar) {
  std::string block(512, '\0');
  const auto put = [&](size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  const auto octal = [](size_t number) {
    std::string text;
    for (int shift = 30; shift >= 0; shift -= 3) text += static_cast<char>('0' + ((number >> shift) & 7));
    return text;
  };
  put(0, name);
  put(100, "0000755");
  put(108, "0000007");
  put(116, "0000010");
  put(124, octal(size));
  put(136, octal(1));
  block[156] = type;
  if (ustar) put(257, std::string_view("ustar\00000", 8));
  size_t sum = 8 * ' ';
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, octal(sum).substr(5));
  block[155] = ' ';
  return block;
}

std::string pad(std::string data) {
  data.resize((data.size() + 511) / 512 * 512);
  return data;
}

TEST(Tar, OfUnixV7) {
  const std::string bytes = header("d/", '\0', 0, false) + header(std::string(100, 'n'), '\0', 3, false) +
                            pad("abc") + header("file", '0', 0, false) + std::string(1024, '\0');
  const std::vector<tar::Entry> seen = read_all(bytes, 512);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].kind, tar::Kind::kDirectory);
  EXPECT_EQ(seen[0].permissions, 0755u);
  EXPECT_EQ(seen[0].uid, 7u);
  EXPECT_EQ(seen[0].gid, 8u);
  EXPECT_EQ(seen[1].path, std::string(100, 'n'));
  EXPECT_EQ(seen[1].kind, tar::Kind::kFile);
  EXPECT_EQ(seen[1].size, 3u);
  EXPECT_EQ(bytes.substr(seen[1].data_offset, 3), "abc");
  EXPECT_EQ(seen[2].mtime, 1);
}

TEST(Tar, ATimeBeforeAllTimesIsRefused) {
  const auto read = [](const std::string& mtime) {
    tar::Pax pax;
    const std::string rest = text::cat(" mtime=", mtime, "\n");
    Result<void> done = tar::read_pax(text::cat(rest.size() + 2, rest), pax);
    return done.ok() ? text::cat(pax.mtime.value_or(0), " ", pax.mtime_nsec) : done.error().to_string();
  };
  EXPECT_EQ(read("-9223372036854775807.5"), text::cat(INT64_MIN, " 500000000"));
  EXPECT_EQ(read("-9223372036854775808"), text::cat(INT64_MIN, " 0"));
  EXPECT_NE(read("-9223372036854775808.5").find("has no time"), std::string::npos);
}

TEST(Tar, GlobalHeadersHoldUntilTheNext) {
  const auto pax = [](char type, const std::string& text) {
    return header("pax", type, text.size(), true) + pad(text);
  };
  const std::string bytes = pax('g', "12 uid=3000\n15 mtime=-1.25\n") + header("one", '0', 0, true) +
                            pax('x', "10 uid=42\n") + header("two", '0', 0, true) +
                            header("three", '0', 0, true) + pax('g', "12 uid=4000\n") +
                            header("four", '0', 0, true) + std::string(1024, '\0');
  const std::vector<tar::Entry> seen = read_all(bytes, 512);
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0].uid, 3000u);
  EXPECT_EQ(seen[0].mtime, -2);
  EXPECT_EQ(seen[0].mtime_nsec, 750'000'000u);
  EXPECT_EQ(seen[1].uid, 42u);
  EXPECT_EQ(seen[1].mtime, -2) << "its own header says nothing of the time";
  EXPECT_EQ(seen[2].uid, 3000u);
  EXPECT_EQ(seen[3].uid, 4000u);
}

TEST(Tar, Numbers) {
  using tar::read_number;
  EXPECT_EQ(read_number("0000644\0", "x").value(), 0644);
  EXPECT_EQ(read_number("   644 ", "x").value(), 0644);
  EXPECT_EQ(read_number(std::string_view("\0\0\0\0", 4), "x").value(), 0);
  EXPECT_EQ(read_number(std::string_view("\x80\0\0\x01\0", 5), "x").value(), 256);
  EXPECT_EQ(read_number("\xff\xff\xff\xfe", "x").value(), -2);
  EXPECT_FALSE(read_number("0000648\0", "x").ok());
  EXPECT_FALSE(read_number("-1", "x").ok());
  EXPECT_FALSE(read_number("\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "x").ok());
}

struct Layer {
  Fd file = std::move(sys::memfd_create("entries", 0)).value();
  std::unique_ptr<EntryFile> entries;
  explicit Layer(const std::vector<tar::Entry>& all) {
    EntryWriter writer(file);
    for (const tar::Entry& each : all) EXPECT_TRUE(writer.add(each, 0).ok());
    EXPECT_TRUE(writer.finish().ok());
    entries = std::make_unique<EntryFile>(std::move(EntryFile::open(file)).value());
  }
};

std::string list(Tree& tree, Tree::Id node = Tree::kRoot) {
  std::string out;
  tree.sort_children(node);
  for (Tree::Id id = tree.first_child(node); id != Tree::kNone; id = tree.next_sibling(id))
    out += tree.path(id) + " " + list(tree, id);
  return out;
}

TEST(Tree, WhiteoutsHideLowerLayersOnly) {
  const Layer lower({entry("a/one"), entry("a/two"), entry("b/x"), entry("c")});
  const Layer upper(
      {entry("a/new"), entry("a/.wh..wh..opq"), entry("b/x"), entry("b/.wh.x"), entry(".wh.c")});
  Tree tree;
  ASSERT_TRUE(tree.apply(*lower.entries).ok());
  ASSERT_TRUE(tree.apply(*upper.entries).ok());
  EXPECT_EQ(list(tree), "/a /a/new /b /b/x ");
}

TEST(Tree, HardLinkToWhatComesLater) {
  const Layer layer({entry("late", tar::Kind::kHardLink, "early"), entry("early")});
  Tree tree;
  ASSERT_TRUE(tree.apply(*layer.entries).ok());
  EXPECT_EQ(list(tree), "/early /late ");
  EXPECT_EQ(tree.inode(tree.node(tree.find("/late")).inode).links, 2u);
}

TEST(Tree, LowerLinksAreFollowedWithinTheRoot) {
  const Layer lower({entry("lib", tar::Kind::kSymlink, "/../../usr/lib"), entry("usr/lib/a"),
                     entry("loop", tar::Kind::kSymlink, "loop")});
  const Layer upper({entry("lib/b")});
  Tree tree;
  ASSERT_TRUE(tree.apply(*lower.entries).ok());
  ASSERT_TRUE(tree.apply(*upper.entries).ok());
  EXPECT_EQ(list(tree), "/lib /loop /usr /usr/lib /usr/lib/a /usr/lib/b ");
  EXPECT_EQ(tree.find("/lib/../lib/b"), tree.find("/usr/lib/b"));
  EXPECT_EQ(tree.find("/loop"), Tree::kNone);
}

TEST(Tree, FindsNamesWithoutItsTableAndTakesMoreLayers) {
  const Layer one({entry("a/x"), entry("b"), entry("c")}), two({entry("a/y"), entry(".wh.b")});
  Tree tree;
  ASSERT_TRUE(tree.apply(*one.entries).ok());
  const Tree::Id file = tree.find("/a/x");
  ASSERT_NE(file, Tree::kNone);
  tree.forget_lookup();
  EXPECT_EQ(tree.find("/a/x"), file);
  EXPECT_EQ(tree.find("/a/z"), Tree::kNone);
  ASSERT_TRUE(tree.apply(*two.entries).ok());
  EXPECT_EQ(list(tree), "/a /a/x /a/y /c ");
  EXPECT_EQ(tree.find("/a/x"), file);
}

TEST(Tree, AFileOverADirectoryAndBack) {
  const Layer one({entry("d/x")}), two({entry("d")}), three({entry("d/y")});
  Tree tree;
  ASSERT_TRUE(tree.apply(*one.entries).ok());
  ASSERT_TRUE(tree.apply(*two.entries).ok());
  EXPECT_EQ(list(tree), "/d ");
  ASSERT_TRUE(tree.apply(*three.entries).ok());
  EXPECT_EQ(list(tree), "/d /d/y ");
}

}  // namespace
}  // namespace estiva::image
