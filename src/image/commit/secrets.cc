// SPDX-License-Identifier: Apache-2.0
// Two tables: names, and what a file begins with.
#include "image/commit/secrets.h"

#include <fnmatch.h>

#include <string>

namespace estiva::image {

namespace {

struct Name {
  const char* pattern;       // of the end of the path
  std::string_view content;  // that must be in it; empty: the name is enough
  std::string_view reason;
};
constexpr Name kNames[] = {
    {"/.netrc", "password", "passwords of servers"},
    {"/.pgpass", "", "passwords of databases"},
    {"/.my.cnf", "password", "passwords of databases"},
    {"/.git-credentials", "", "passwords of repositories"},
    {"/.npmrc", "_auth", "a registry's token"},
    {"/.pypirc", "password", "a registry's password"},
    {"/.docker/config.json", "\"auth\"", "a registry's password"},
    {"/containers/auth.json", "\"auth\"", "a registry's password"},
    {"/.aws/credentials", "", "keys of a cloud"},
    {"/application_default_credentials.json", "", "keys of a cloud"},
    {"/.azure/accessTokens.json", "", "keys of a cloud"},
    {"/.kube/config", "", "keys of a cluster"},
    {"/.vault-token", "", "a token"},
    {"/.env", "=", "settings of an environment, often passwords"},
    {"/.*_history", "", "what was typed at a prompt"},
    {"/.viminfo", "", "what was typed in an editor"},
    {"/etc/ssh/ssh_host_*_key", "", "a server's private key: all containers would share it"},
    {"/etc/krb5.keytab", "", "keys of a server"},
};

struct Content {
  std::string_view text;
  std::string_view reason;
};
constexpr Content kContents[] = {
    {"-----BEGIN PRIVATE KEY-----", "a private key"},
    {"-----BEGIN ENCRYPTED PRIVATE KEY-----", "a private key"},
    {"-----BEGIN RSA PRIVATE KEY-----", "a private key"},
    {"-----BEGIN EC PRIVATE KEY-----", "a private key"},
    {"-----BEGIN DSA PRIVATE KEY-----", "a private key"},
    {"-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"},
    {"-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"},
    {"aws_secret_access_key", "keys of a cloud"},
    {"github_pat_", "a token of GitHub"},
};

// Programs and libraries have such texts to recognise them.
bool is_text(std::string_view head) { return head.find('\0') == std::string_view::npos; }

}  // namespace

std::string_view secret_in(std::string_view path, std::string_view head) {
  for (const Name& name : kNames) {
    const std::string pattern = std::string("*") + name.pattern;
    if (::fnmatch(pattern.c_str(), std::string(path).c_str(), 0) != 0) continue;
    if (head.find(name.content) != std::string_view::npos) return name.reason;
  }
  if (!is_text(head)) return {};
  for (const Content& content : kContents)
    if (head.find(content.text) != std::string_view::npos) return content.reason;
  return {};
}

}  // namespace estiva::image
