// SPDX-License-Identifier: Apache-2.0
// What a registry, or its configuration, may send, by the first byte: headers, addresses, old manifests, rules. No
// crash, and what is taken holds what it promises.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "estiva/base/base64.h"
#include "estiva/base/text.h"
#include "image/registry/challenge.h"
#include "image/registry/exchange.h"
#include "image/registry/manifests.h"
#include "image/registry/platform.h"
#include "image/registry/rules.h"
#include "image/registry/schema1.h"
#include "image/registry/toml.h"

namespace {

using namespace estiva;
using namespace estiva::image;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_plain(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

void headers(std::string_view text) {
  for (const Challenge& challenge : parse_challenges(text)) require(!challenge.scheme.empty());
  if (const auto wait = parse_retry_after(text, 1'700'000'000)) require(*wait >= 0);
  (void)parse_rate(text);
  if (const auto range = parse_content_range(text))
    require(range->first <= range->last && (!range->size || range->last < *range->size));
}

void addresses(std::string_view text) {
  const Url base = Url::parse("https://a.lan:5000/v2/x?y=z").value();
  for (const Result<Url>& url : {Url::parse(text), base.resolve(text)}) {
    if (!url.ok()) {
      require(is_plain(url.error().to_string()));
      continue;
    }
    require(url.value().port != 0 && url.value().target.starts_with('/') &&
            is_plain(url.value().to_string()));
    const Result<Url> again = Url::parse(url.value().to_string());
    require(again.ok() && again.value() == url.value());
  }
}

void old_manifests(std::string_view text) {
  const Result<std::string> payload = schema1_payload(text);
  if (!payload.ok()) return;
  const Result<Schema1> old = read_schema1(payload.value());
  if (!old.ok()) return;
  const std::vector<Digest> diff_ids(old.value().layers.size(), digest_of(""));
  const Result<std::string> config = schema1_config(old.value(), diff_ids);
  if (config.ok()) require(json::Document::parse(config.value()).ok());
}

void answers(std::string_view text) {
  Response response{200, {{"content-type", std::string(media::kOciIndex)}}, std::string(text)};
  require(is_plain(told_errors(response)) && is_plain(told_code(response)));
  const Result<FetchedManifest> fetched = check_manifest(response, {});
  if (!fetched.ok()) return;
  const Result<Index> index = read_index(fetched.value().text);
  if (!index.ok()) return;
  const Result<const Descriptor*> chosen = choose_platform(index.value(), parse_platform("arm64").value());
  if (!chosen.ok()) require(is_plain(chosen.error().to_string()));
}

void rules(std::string_view text) {
  for (const Result<RegistryRules>& rules : {parse_rules(text), parse_registries_conf(text)}) {
    if (rules.ok()) (void)rules.value().endpoints(Reference::parse("docker.io/library/x").value());
  }
  (void)toml::parse(text);
}

void small_texts(std::string_view text) {
  require(from_base64(to_base64(text)) == text);
  (void)from_base64(text);
  (void)parse_platform(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'h':
      headers(text);
      break;
    case 'a':
      addresses(text);
      break;
    case 'o':
      old_manifests(text);
      break;
    case 'm':
      answers(text);
      break;
    case 'r':
      rules(text);
      break;
    case 's':
      small_texts(text);
      break;
    default:
      break;
  }
  return 0;
}
