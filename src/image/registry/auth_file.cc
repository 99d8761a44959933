// SPDX-License-Identifier: Apache-2.0
// The form of the files of credentials (docker's config.json, podman's auth.json): keys, entries, edits. Pure.
#include "estiva/base/base64.h"
#include "estiva/base/text.h"
#include "image/reference.h"
#include "image/registry/credentials.h"

namespace estiva::image {

namespace {

// Docker Hub's key since 2013; its helpers know no other.
constexpr std::string_view kHubKey = "https://index.docker.io/v1/";

const json::Node* object_member(const json::Node& object, std::string_view name) {
  const json::Node* node = object.find(name);
  return node == nullptr || node->type != json::Type::kObject ? nullptr : node;
}

std::string text_member(const json::Node& object, std::string_view name) {
  const json::Node* node = object.find(name);
  return node == nullptr || node->type != json::Type::kString ? "" : std::string(node->text);
}

Result<std::optional<Credential>> read_entry(const std::string& key, const json::Node& entry) {
  if (std::string token = text_member(entry, "identitytoken"); !token.empty())
    return std::optional(Credential{text_member(entry, "username"), std::move(token), true});
  const std::string encoded = text_member(entry, "auth");
  if (encoded.empty()) {
    Credential plain{text_member(entry, "username"), text_member(entry, "password")};
    if (plain.user.empty()) return std::optional<Credential>();
    return std::optional(std::move(plain));
  }
  const std::optional<std::string> decoded = from_base64(encoded);
  const size_t colon = decoded ? decoded->find(':') : std::string::npos;
  // Not the text: it is the secret.
  if (colon == std::string::npos)
    return Error::invalid(text::cat("/auths/", key, "/auth"), "is not user:password in base64");
  std::string secret = decoded->substr(colon + 1);
  while (secret.ends_with('\0')) secret.pop_back();  // old versions of docker padded it
  return std::optional(Credential{decoded->substr(0, colon), std::move(secret)});
}

void write_entry(json::Writer& writer, const std::string& key, const Credential& credential) {
  writer.key(key);
  writer.begin_object();
  if (credential.is_token) {
    writer.key("identitytoken");
    writer.string(credential.secret);
  } else {
    writer.key("auth");
    writer.string(to_base64(text::cat(credential.user, ":", credential.secret)));
  }
  writer.end_object();
}

void write_auths(json::Writer& writer, const json::Node* auths, const std::string& key,
                 const Credential* credential) {
  writer.key("auths");
  writer.begin_object();
  if (auths != nullptr) {
    for (const json::Node& entry : auths->children()) {
      if (entry.key == key) continue;
      writer.key(entry.key);
      writer.node(entry);
    }
  }
  if (credential != nullptr) write_entry(writer, key, *credential);
  writer.end_object();
}

}  // namespace

std::string written_key(const std::string& host) {
  return host == kDefaultHost ? std::string(kHubKey) : host;
}

std::vector<std::string> credential_keys(const std::string& host, const std::string& path) {
  std::vector<std::string> keys;
  for (std::string name = path.empty() ? host : text::cat(host, "/", path);
       name.find('/') != std::string::npos; name.resize(name.rfind('/')))
    keys.push_back(name);
  keys.push_back(written_key(host));
  std::vector<std::string> aliases{host};
  if (host == kDefaultHost) aliases.insert(aliases.end(), {"index.docker.io", "registry-1.docker.io"});
  for (const std::string& alias : aliases) {
    for (const char* scheme : {"", "https://", "http://"}) {
      for (const char* version : {"", "/", "/v1/", "/v2/", "/v1", "/v2"}) {
        std::string key = text::cat(scheme, alias, version);
        if (key != written_key(host)) keys.push_back(std::move(key));
      }
    }
  }
  return keys;
}

Result<std::optional<Credential>> credential_in(const json::Node& file,
                                                const std::vector<std::string>& keys) {
  const json::Node* auths = object_member(file, "auths");
  if (auths == nullptr) return std::optional<Credential>();
  for (const std::string& key : keys) {
    const json::Node* entry = object_member(*auths, key);
    if (entry == nullptr) continue;
    std::optional<Credential> found = TRY(read_entry(key, *entry));
    if (found) return found;
  }
  return std::optional<Credential>();
}

std::string helper_in(const json::Node& file, const std::vector<std::string>& keys) {
  if (const json::Node* helpers = object_member(file, "credHelpers")) {
    for (const std::string& key : keys)
      if (std::string name = text_member(*helpers, key); !name.empty()) return name;
  }
  return text_member(file, "credsStore");
}

std::string edited_file(const json::Node* file, const std::string& key, const Credential* credential) {
  std::string out;
  json::Writer writer(out, true);
  writer.begin_object();
  if (file != nullptr) {
    for (const json::Node& member : file->children()) {
      if (member.key == "auths") continue;
      writer.key(member.key);
      writer.node(member);
    }
  }
  write_auths(writer, file == nullptr ? nullptr : object_member(*file, "auths"), key, credential);
  writer.end_object();
  return out + "\n";
}

}  // namespace estiva::image
