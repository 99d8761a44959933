// SPDX-License-Identifier: Apache-2.0
// Names of images: [host[:port]/]path[:tag][@digest], with docker's defaults. cais reads every name that a user, an
// archive or an index gives through here, so that nothing but this grammar ever reaches a URL or a path.
// Pure: no registry is asked, no file is read.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "image/digest.h"

namespace estiva::image {

inline constexpr std::string_view kDefaultHost = "docker.io";
inline constexpr std::string_view kDefaultTag = "latest";

struct Reference {
  std::string host;  // "docker.io", "localhost:5000", "[::1]:5000"; lower case
  std::string path;  // of the repository: "library/ubuntu"
  std::string tag;   // empty only beside a digest
  Digest digest;     // may be empty

  // The error's object is the name as it was given; the hint says what would do.
  static Result<Reference> parse(std::string_view text);

  // As a user writes it, the default host and "library/" left out: "ubuntu".
  std::string familiar_name() const;
  // The same with tag and digest: "ubuntu:15.04".
  std::string familiar() const;
  // "docker.io/library/ubuntu".
  std::string name() const;
  // "docker.io/library/ubuntu:15.04"; a name for one thing only, fit to be compared.
  std::string full() const;
  // What a registry is asked for: the digest if there is one, else the tag.
  std::string selector() const;

  bool operator==(const Reference&) const = default;
};

// Parts by themselves, for what comes from elsewhere than a command line.
bool is_tag(std::string_view text);
bool is_repository_path(std::string_view text);
// host or host:port.
bool is_registry_host(std::string_view text);

}  // namespace estiva::image
