// SPDX-License-Identifier: Apache-2.0
// Files of credentials and helper programs: what touches the disk and starts programs.
#include "image/registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/process.h"
#include "estiva/base/text.h"

extern char** environ;

namespace estiva::image {

namespace {

constexpr size_t kMaxFile = 4 << 20;
constexpr int kMaxLinks = 40;            // as the kernel's MAXSYMLINKS
constexpr int64_t kHelperSeconds = 120;  // it may ask a person
constexpr std::string_view kHelperPrefix = "docker-credential-";

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

// Null where the file is missing or empty.
Result<std::optional<json::Document>> read_file(const std::string& path) {
  Result<std::string> text = files::read_all(FdView::cwd(), path, kMaxFile);
  if (!text.ok() && (text.error().errnum() == ENOENT || text.error().errnum() == ENOTDIR))
    return std::optional<json::Document>();
  const std::string content = TRY(std::move(text));
  if (text::trim(content).empty()) return std::optional<json::Document>();
  json::Document document = TRY(json::Document::parse(content).context([&] { return path; }));
  if (document.root().type != json::Type::kObject) return Error::invalid(path, "is not a JSON object");
  return std::optional<json::Document>(std::move(document));
}

// A name out of a file becomes the name of a program: nothing but a plain word.
Result<std::string> find_helper(const std::string& name, const std::string& search_path) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (!plain)
    return Error(Code::kInvalid,
                 text::cat("the credential helper ", text::quote(name), " has no valid name"));
  for (const std::string& directory : text::split(search_path, ':')) {
    std::string path = text::cat(directory, "/", kHelperPrefix, name);
    if (directory.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return Error(Code::kNotFound, text::cat("the credential helper ", kHelperPrefix, name, " is not in PATH"));
}

Result<std::string> run_helper(const std::string& name, const std::string& search_path, std::string verb,
                               std::string input) {
  process::Command command;
  command.path = TRY(find_helper(name, search_path));
  command.args = {command.path, std::move(verb)};
  for (char** entry = environ; *entry != nullptr; ++entry) command.env.emplace_back(*entry);
  command.input = std::move(input);
  command.timeout_s = kHelperSeconds;
  command.errors_apart = true;
  return process::capture(command);
}

std::string text_member(const json::Node& object, std::string_view name) {
  const json::Node* node = object.find(name);
  return node == nullptr || node->type != json::Type::kString ? "" : std::string(node->text);
}

Result<std::optional<Credential>> ask_helper(const std::string& name, const std::string& search_path,
                                             const std::string& key) {
  Result<std::string> said = run_helper(name, search_path, "get", key);
  if (!said.ok()) {
    // The helpers' own words for "no"; they have no status for it.
    if (said.error().parts().message.find("credentials not found") != std::string::npos)
      return std::optional<Credential>();
    return std::move(said).error();
  }
  const Result<json::Document> document = json::Document::parse(said.value());
  // Not its words: they may hold the secret.
  if (!document.ok() || document.value().root().type != json::Type::kObject)
    return Error(Code::kInternal, text::cat(kHelperPrefix, name, " get: its answer is no JSON object"));
  Credential credential{text_member(document.value().root(), "Username"),
                        text_member(document.value().root(), "Secret")};
  credential.is_token = credential.user == "<token>";
  if (credential.secret.empty()) return std::optional<Credential>();
  return std::optional<Credential>(std::move(credential));
}

// The file may be a link to where its owner keeps it: what it points to is replaced, not the link, as by docker.
std::string behind_links(std::string file) {
  for (int links = 0; links < kMaxLinks; ++links) {
    const Result<std::string> target = sys::readlinkat(FdView::cwd(), file);
    if (!target.ok()) break;
    const std::string directory = target.value().starts_with('/') ? "" : file.substr(0, file.rfind('/') + 1);
    file = directory + target.value();
  }
  return file;
}

Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string file = behind_links(path);
  const size_t slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : file.substr(0, std::max<size_t>(slash, 1));
  TRY(files::make_directories(directory, 0700));
  const Fd open_directory = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  return files::replace(open_directory, file.substr(slash == std::string::npos ? 0 : slash + 1), text, 0600);
}

}  // namespace

CredentialPlaces CredentialPlaces::of_environment() {
  CredentialPlaces places;
  places.search_path = variable("PATH");
  if (std::string file = variable("REGISTRY_AUTH_FILE"); !file.empty()) {
    places.files.push_back(std::move(file));
    return places;
  }
  const std::string docker = variable("DOCKER_CONFIG"), home = variable("HOME");
  if (!docker.empty()) {
    places.files.push_back(docker + "/config.json");
  } else if (!home.empty()) {
    places.files.push_back(home + "/.docker/config.json");
  }
  std::string runtime = variable("XDG_RUNTIME_DIR");
  if (runtime.empty() && ::geteuid() != 0) runtime = text::cat("/run/user/", ::geteuid());
  places.files.push_back(runtime.empty() ? "/run/containers/0/auth.json" : runtime + "/containers/auth.json");
  return places;
}

Result<std::optional<Credential>> Credentials::find(const std::string& host, const std::string& path) const {
  const std::vector<std::string> keys = credential_keys(host, path);
  for (const std::string& file : places_.files) {
    const std::optional<json::Document> document = TRY(read_file(file));
    if (!document) continue;
    const std::string helper = helper_in(document->root(), keys);
    std::optional<Credential> found;
    if (!helper.empty()) found = TRY(ask_helper(helper, places_.search_path, written_key(host)));
    if (!found) found = TRY(credential_in(document->root(), keys).context([&] { return file; }));
    if (found) return found;
  }
  return std::optional<Credential>();
}

Result<std::string> Credentials::store(const std::string& host, const Credential& credential) const {
  if (places_.files.empty())
    return Error(Code::kInvalid, "there is no place for credentials").hint("set HOME or REGISTRY_AUTH_FILE");
  const std::string& file = places_.files.front();
  const std::string key = written_key(host);
  const std::optional<json::Document> document = TRY(read_file(file));
  const std::string helper = document ? helper_in(document->root(), credential_keys(host, "")) : "";
  if (!helper.empty()) {
    std::string input;
    json::Writer writer(input);
    writer.begin_object();
    for (const auto& [name, value] :
         {std::pair{"ServerURL", key}, {"Username", credential.user}, {"Secret", credential.secret}}) {
      writer.key(name);
      writer.string(value);
    }
    writer.end_object();
    TRY(run_helper(helper, places_.search_path, "store", input));
    return text::cat(kHelperPrefix, helper);
  }
  TRY(replace_file(file, edited_file(document ? &document->root() : nullptr, key, &credential)));
  return file;
}

Result<std::vector<std::string>> Credentials::erase(const std::string& host) const {
  std::vector<std::string> from;
  const std::vector<std::string> keys = credential_keys(host, "");
  for (const std::string& file : places_.files) {
    const std::optional<json::Document> document = TRY(read_file(file));
    if (!document) continue;
    const std::string helper = helper_in(document->root(), keys);
    if (!helper.empty() && TRY(ask_helper(helper, places_.search_path, written_key(host)))) {
      TRY(run_helper(helper, places_.search_path, "erase", written_key(host)));
      from.push_back(text::cat(kHelperPrefix, helper));
    }
    const json::Node* auths = document->root().find("auths");
    for (const std::string& key : keys) {
      if (auths == nullptr || auths->type != json::Type::kObject || auths->find(key) == nullptr) continue;
      TRY(replace_file(file, edited_file(&document->root(), key, nullptr)));
      from.push_back(file);
      break;
    }
  }
  return from;
}

}  // namespace estiva::image
