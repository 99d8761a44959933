// SPDX-License-Identifier: Apache-2.0
// Manifests and indexes of a registry: asking for them, and not believing what comes before its digest and its type
// are checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/documents.h"
#include "image/registry/client.h"

namespace estiva::image {

struct FetchedManifest {
  std::string media_type;  // one of those in `media`
  std::string text;
  Digest digest;  // of the text; of a signed schema 1, of what was signed
};

// The text is what `wanted` names, if it names something; else what the registry's own digest names, if it tells one.
// Its inner mediaType is that of the header (CVE-2021-41190). Code::kNotFound if there is none.
Result<FetchedManifest> fetch_manifest(Registry& registry, const std::string& selector, const Digest& wanted);

// The digest under which the registry has the tag, without what it counts as a pull. Nothing if it does not tell.
Result<std::optional<Digest>> head_manifest(Registry& registry, const std::string& tag);

// Tags of the repository, for suggestions; an empty list where they can't be had.
std::vector<std::string> list_tags(Registry& registry);

// ---- pure

// What is taken for a manifest from this answer.
Result<FetchedManifest> check_manifest(const Response& response, const Digest& wanted);

}  // namespace estiva::image
