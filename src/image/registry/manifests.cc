// SPDX-License-Identifier: Apache-2.0
// Manifests and indexes of a registry.
#include "image/registry/manifests.h"

#include <algorithm>

#include "estiva/base/text.h"
#include "image/registry/schema1.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxTagList = 4 << 20;

// What a registry should send, in the order of our liking; schema 1 only if it has nothing else.
constexpr std::string_view kAccepted[] = {
    media::kOciIndex,       media::kOciManifest,           media::kDockerList,
    media::kDockerManifest, media::kDockerManifest1Signed, media::kDockerManifest1};

bool is_schema1(std::string_view type) {
  return type == media::kDockerManifest1 || type == media::kDockerManifest1Signed;
}

Ask manifest_ask(Registry& registry, const std::string& selector) {
  Ask ask = registry.ask(text::cat("manifests/", selector));
  for (const std::string_view type : kAccepted) ask.headers.push_back(text::cat("Accept: ", type));
  ask.body_limit = kManifestLimit;
  return ask;
}

std::string bare_type(std::string_view header) {
  return text::lower(text::trim(header.substr(0, header.find(';'))));
}

// Of the document itself; schema 1 has none, only its version.
Result<std::string> inner_type(std::string_view text) {
  const json::Document document = TRY(json::Document::parse(text, {.bytes = kManifestLimit}));
  if (document.root().type != json::Type::kObject)
    return Error(Code::kInvalid, "the manifest is not a JSON object");
  const json::Node* type = document.root().find("mediaType");
  if (type != nullptr && type->type == json::Type::kString) return std::string(type->text);
  const json::Node* version = document.root().find("schemaVersion");
  if (version == nullptr || version->text != "1") return std::string();
  return std::string(document.root().find("signatures") != nullptr ? media::kDockerManifest1Signed
                                                                   : media::kDockerManifest1);
}

// Old registries and plain web servers say application/json or text/plain for all of them.
Result<std::string> type_of(const Response& response) {
  const std::string outer = bare_type(response.find("content-type"));
  const std::string inner = TRY(inner_type(response.body));
  if (std::ranges::find(kAccepted, outer) == std::end(kAccepted)) {
    if (std::ranges::find(kAccepted, inner) != std::end(kAccepted)) return inner;
    return Error(Code::kUnsupported, text::cat("is of the type ", text::quote(inner.empty() ? outer : inner),
                                               ", which is neither a manifest nor an index"));
  }
  const bool same = inner == outer || inner.empty() || (is_schema1(inner) && is_schema1(outer));
  if (same) return is_schema1(outer) && !inner.empty() ? inner : outer;
  return Error(Code::kInvalid,
               text::cat("is announced as ", text::quote(outer), " and calls itself ", text::quote(inner)));
}

Error missing(Registry& registry, const std::string& selector, const Response& response) {
  Error error = refusal(registry, response, text::cat("no manifest ", selector));
  if (Digest::parse(selector).ok()) return error;
  const std::vector<std::string> tags = list_tags(registry);
  const std::vector<std::string_view> candidates(tags.begin(), tags.end());
  if (const auto near = text::nearest(selector, candidates))
    return std::move(error).hint(text::cat("did you mean ", registry.endpoint().name(), ":", *near, "?"));
  return error;
}

}  // namespace

Result<FetchedManifest> check_manifest(const Response& response, const Digest& wanted) {
  FetchedManifest fetched{TRY(type_of(response)), response.body, {}};
  const Algorithm algorithm = wanted.empty() ? Algorithm::kSha256 : wanted.algorithm();
  const std::string signed_text =
      is_schema1(fetched.media_type) ? TRY(schema1_payload(fetched.text)) : fetched.text;
  fetched.digest = digest_of(signed_text, algorithm);
  if (!wanted.empty() && fetched.digest != wanted) {
    return Error(Code::kInvalid, text::cat("the manifest's digest is ", fetched.digest.to_string(), ", not ",
                                           wanted.to_string(), " that was asked for"));
  }
  const std::string_view told = response.find("docker-content-digest");
  if (wanted.empty() && !told.empty()) {
    const Digest digest = TRY(Digest::parse(told).context([] { return "Docker-Content-Digest"; }));
    fetched.digest = digest_of(signed_text, digest.algorithm());
    if (fetched.digest != digest) {
      return Error(Code::kInvalid, text::cat("the manifest's digest is ", fetched.digest.to_string(),
                                             ", not ", digest.to_string(), " as the registry says"));
    }
  }
  return fetched;
}

Result<FetchedManifest> fetch_manifest(Registry& registry, const std::string& selector,
                                       const Digest& wanted) {
  const Response response = TRY(registry.run(manifest_ask(registry, selector)));
  if (response.status == 404) return missing(registry, selector, response);
  if (response.status != 200) return refusal(registry, response, text::cat("manifest ", selector));
  return check_manifest(response, wanted).context([&] {
    return text::cat(registry.endpoint().name(), ": manifest ", selector);
  });
}

Result<std::optional<Digest>> head_manifest(Registry& registry, const std::string& tag) {
  Ask ask = manifest_ask(registry, tag);
  ask.method = "HEAD";
  const Response response = TRY(registry.run(std::move(ask)));
  if (response.status == 404) return missing(registry, tag, response);
  // Some have no HEAD; the GET will tell.
  if (response.status != 200) return std::optional<Digest>();
  const Result<Digest> digest = Digest::parse(response.find("docker-content-digest"));
  return digest.ok() ? std::optional(digest.value()) : std::nullopt;
}

std::vector<std::string> list_tags(Registry& registry) {
  Ask ask = registry.ask("tags/list");
  ask.body_limit = kMaxTagList;
  const Result<Response> response = registry.run(std::move(ask));
  std::vector<std::string> tags;
  if (!response.ok() || response.value().status != 200) return tags;
  const Result<json::Document> document = json::Document::parse(response.value().body);
  const json::Node* list = document.ok() && document.value().root().type == json::Type::kObject
                               ? document.value().root().find("tags")
                               : nullptr;
  if (list == nullptr || list->type != json::Type::kArray) return tags;
  for (const json::Node& tag : list->children())
    if (tag.type == json::Type::kString && is_tag(tag.text)) tags.emplace_back(tag.text);
  return tags;
}

}  // namespace estiva::image
