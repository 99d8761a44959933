// SPDX-License-Identifier: Apache-2.0
// Names of images: what docker's users write, what each part may be, and what an error says of the wrong part.
#include "image/reference.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

const std::string kHex(64, 'a');
const std::string kDigest = "sha256:" + kHex;

TEST(Reference, HasDockersDefaults) {
  const struct {
    std::string text, host, path, tag;
    bool digest;
    std::string familiar;
  } cases[] = {
      {"ubuntu", "docker.io", "library/ubuntu", "latest", false, "ubuntu:latest"},
      {"ubuntu:15.04", "docker.io", "library/ubuntu", "15.04", false, "ubuntu:15.04"},
      {"base/archlinux", "docker.io", "base/archlinux", "latest", false, "base/archlinux:latest"},
      {"docker.io/ubuntu", "docker.io", "library/ubuntu", "latest", false, "ubuntu:latest"},
      {"index.docker.io/ubuntu", "docker.io", "library/ubuntu", "latest", false, "ubuntu:latest"},
      {"Docker.IO/library/ubuntu", "docker.io", "library/ubuntu", "latest", false, "ubuntu:latest"},
      {"docker.io/library/a/b", "docker.io", "library/a/b", "latest", false, "library/a/b:latest"},
      {"docker.io/localhost/b", "docker.io", "localhost/b", "latest", false, "docker.io/localhost/b:latest"},
      {"localhost/a", "localhost", "a", "latest", false, "localhost/a:latest"},
      {"localhost:5000/a/b:c", "localhost:5000", "a/b", "c", false, "localhost:5000/a/b:c"},
      {"localhost:5000", "docker.io", "library/localhost", "5000", false, "localhost:5000"},
      {"fedora/httpd", "docker.io", "fedora/httpd", "latest", false, "fedora/httpd:latest"},
      {"quay.io/a", "quay.io", "a", "latest", false, "quay.io/a:latest"},
      {"[::1]:5000/a", "[::1]:5000", "a", "latest", false, "[::1]:5000/a:latest"},
      {"[fe80::1]/a", "[fe80::1]", "a", "latest", false, "[fe80::1]/a:latest"},
      {"ubuntu@" + kDigest, "docker.io", "library/ubuntu", "", true, "ubuntu@" + kDigest},
      {"ubuntu:1@" + kDigest, "docker.io", "library/ubuntu", "1", true, "ubuntu:1@" + kDigest},
      {"a__b/c-d---e.f_g:T_1.-", "docker.io", "a__b/c-d---e.f_g", "T_1.-", false, "a__b/c-d---e.f_g:T_1.-"},
  };
  for (const auto& c : cases) {
    const Result<Reference> parsed = Reference::parse(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << ": " << parsed.error().to_string();
    const Reference& reference = parsed.value();
    EXPECT_EQ(reference.host, c.host) << c.text;
    EXPECT_EQ(reference.path, c.path) << c.text;
    EXPECT_EQ(reference.tag, c.tag) << c.text;
    EXPECT_EQ(!reference.digest.empty(), c.digest) << c.text;
    EXPECT_EQ(reference.familiar(), c.familiar) << c.text;
    const Result<Reference> again = Reference::parse(reference.familiar());
    EXPECT_TRUE(again.ok() && again.value() == reference) << c.text;
    const Result<Reference> full = Reference::parse(reference.full());
    EXPECT_TRUE(full.ok() && full.value() == reference) << c.text;
  }
}

TEST(Reference, AsksForTheDigestIfThereIsOne) {
  EXPECT_EQ(Reference::parse("ubuntu:15.04").value().selector(), "15.04");
  EXPECT_EQ(Reference::parse("ubuntu:15.04@" + kDigest).value().selector(), kDigest);
}

TEST(Reference, SaysWhichPartIsWrong) {
  const struct {
    std::string text, message;
  } cases[] = {
      {"", "is empty"},
      {"Ubuntu", "capital letters"},
      {"a/B", "lower case: \"a/b\""},
      {"ubuntu:", "the tag after the colon is empty"},
      {"ubuntu:-x", "the tag \"-x\""},
      {"ubuntu:" + std::string(129, 'a'), "the tag"},
      {"ubuntu@sha256:abc", "no digest"},
      {"ubuntu@md5:" + kHex, "no digest"},
      {"ubuntu@sha256:" + std::string(64, 'A'), "no digest"},
      {"ubuntu@", "no digest"},
      {"a//b", "empty part"},
      {"/a", "empty part"},
      {"a/", "empty part"},
      {"a___b", "the part \"a___b\""},
      {"a..b", "the part \"a..b\""},
      {"-a", "the part \"-a\""},
      {"a/../b", "the part \"..\""},
      {"..", "the part \"..\""},
      {"quay.io/", "names no repository"},
      {"qu_ay.io/a", "the host \"qu_ay.io\""},
      {"host:0/a", "the host \"host:0\""},
      {"host:65536/a", "the host \"host:65536\""},
      {"host:/a", "the host \"host:\""},
      {"-host.io/a", "the host \"-host.io\""},
      {"[::1/a", "the host"},
      {"[]:1/a", "the host"},
      {"https://quay.io/a", "try \"quay.io/a\""},
      {"docker://a", "try \"a\""},
      {kHex, "64 hexadecimal digits"},
      {std::string(250, 'a'), "longer than 255"},
      {"a b", "the part \"a b\""},
      {"a\x1b[31m", "\\x1b"},
      {"A\x1b[31m/B", "\\x1b"},
      {std::string("a\0b", 3), "\\x00"},
      {"\xc3\xa9", "\\xc3"},
  };
  for (const auto& c : cases) {
    const Result<Reference> parsed = Reference::parse(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    const std::string text = parsed.error().to_string();
    EXPECT_NE(text.find(c.message), std::string::npos) << c.text << ": " << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace estiva::image
