// SPDX-License-Identifier: Apache-2.0
// Who we are to a registry: docker's and podman's files of credentials and docker's helper programs, read for pull and
// push, written by login and logout. Secrets stay in here and in the Authorization header; no error and no log has them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/json.h"

namespace estiva::image {

struct Credential {
  std::string user;
  std::string secret;
  bool is_token = false;  // `secret` is an identity token, to be exchanged for others
  bool operator==(const Credential&) const = default;
};

// The environment that decides where files are.
struct CredentialPlaces {
  std::vector<std::string> files;  // in the order in which they are asked; the first is written
  std::string search_path;         // of helper programs

  static CredentialPlaces of_environment();
};

class Credentials {
 public:
  explicit Credentials(CredentialPlaces places) : places_(std::move(places)) {}

  // For the repository `path` of `host` ("docker.io", "localhost:5000"). Files that do not exist are no error, those
  // that can't be read or understood are.
  Result<std::optional<Credential>> find(const std::string& host, const std::string& path) const;
  // Into the helper that the first file names for the host, else into that file. Returns where it went.
  Result<std::string> store(const std::string& host, const Credential& credential) const;
  // From all files and helpers; returns where there was one.
  Result<std::vector<std::string>> erase(const std::string& host) const;

 private:
  CredentialPlaces places_;
};

// ---- pure parts

// The keys under which a file may have the credentials of a repository, nearest first.
std::vector<std::string> credential_keys(const std::string& host, const std::string& path);
// The one that is written and that helpers are asked for.
std::string written_key(const std::string& host);
// Of the member "auths".
Result<std::optional<Credential>> credential_in(const json::Node& file, const std::vector<std::string>& keys);
// The helper program for a host ("secretservice"), empty if none.
std::string helper_in(const json::Node& file, const std::vector<std::string>& keys);
// The file's text with the entry of `key` set, or taken out where `credential` is null. Other members stay.
std::string edited_file(const json::Node* file, const std::string& key, const Credential* credential);

}  // namespace estiva::image
