// SPDX-License-Identifier: Apache-2.0
// Reading what is configured about registries: pure; the disk is rule_files.cc's.
#include "image/registry/rules.h"

#include <algorithm>
#include <optional>

#include "estiva/base/text.h"
#include "image/registry/toml.h"

namespace estiva::image {

namespace {

bool is_prefix(std::string_view text) {
  if (text.starts_with("*.")) return is_registry_host(text.substr(2));
  const size_t slash = text.find('/');
  return is_registry_host(text.substr(0, slash)) &&
         (slash == std::string_view::npos || is_repository_path(text.substr(slash + 1)));
}

bool is_location(std::string_view text) { return !text.starts_with('*') && is_prefix(text); }

RegistryRule& rule_of(RegistryRules& rules, const std::string& prefix) {
  const auto found = std::ranges::find(rules.rules, prefix, &RegistryRule::prefix);
  if (found != rules.rules.end()) return *found;
  rules.rules.push_back({prefix});
  return rules.rules.back();
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  line = line.substr(0, line.find('#'));
  for (line = text::trim(line); !line.empty(); line = text::trim(line)) {
    words.push_back(line.substr(0, line.find_first_of(" \t")));
    line.remove_prefix(words.back().size());
  }
  return words;
}

// "http" and "skip-verify", of a registry or of a mirror.
bool take_transport(Transport& transport, std::string_view word) {
  if (word == "http") {
    transport.plain_http = true;
  } else if (word == "skip-verify") {
    transport.skip_verify = true;
  } else {
    return false;
  }
  return true;
}

Result<std::string> location_at(const std::vector<std::string_view>& words, size_t at) {
  if (at >= words.size()) return Error(Code::kInvalid, text::cat(words[at - 1], " takes host[:port][/path]"));
  std::string_view location = words[at];
  if (!is_location(location)) {
    return Error(Code::kInvalid, text::cat(text::quote(location), " is not host[:port][/path]"))
        .hint("without https://; the word http allows plain HTTP");
  }
  return std::string(location);
}

// Words behind "mirror LOCATION" belong to the mirror.
Result<void> read_words(RegistryRule& rule, const std::vector<std::string_view>& words) {
  Mirror* mirror = nullptr;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "mirror") {
      rule.mirrors.push_back({TRY(location_at(words, ++i))});
      mirror = &rule.mirrors.back();
    } else if (word == "location") {
      rule.location = TRY(location_at(words, ++i));
    } else if (word == "blocked") {
      rule.blocked = true;
    } else if (mirror != nullptr && word == "by-digest") {
      mirror->with_tags = false;
    } else if (mirror != nullptr && word == "by-tag") {
      mirror->with_digests = false;
    } else if (!take_transport(mirror != nullptr ? mirror->transport : rule.transport, word)) {
      return Error(Code::kInvalid, text::cat("the word ", text::quote(word), " is not known"))
          .hint(
              "known are: mirror, location, blocked, http, skip-verify, and behind a mirror by-digest, "
              "by-tag");
    }
  }
  return {};
}

// ---- registries.conf

std::string text_of(const toml::Table& table, std::string_view key) {
  const toml::Entry* entry = table.find(key);
  return entry != nullptr && entry->kind == toml::Kind::kString ? entry->text : "";
}

bool flag_of(const toml::Table& table, std::string_view key) {
  const toml::Entry* entry = table.find(key);
  return entry != nullptr && entry->kind == toml::Kind::kBool && entry->text == "true";
}

Result<void> check_location(const toml::Table& table, const std::string& location) {
  if (is_location(location)) return {};
  return Error(Code::kInvalid, text::cat("line ", table.line, ": the location ", text::quote(location),
                                         " is not host[:port][/path]"));
}

Result<Mirror> read_mirror(const toml::Table& table, const toml::Table& registry) {
  Mirror mirror;
  mirror.location = text_of(table, "location");
  TRY(check_location(table, mirror.location));
  mirror.transport.plain_http = mirror.transport.skip_verify = flag_of(table, "insecure");
  const std::string from = text_of(table, "pull-from-mirror");
  if (!from.empty() && from != "all" && from != "digest-only" && from != "tag-only")
    return Error(Code::kInvalid,
                 text::cat("line ", table.line, ": pull-from-mirror ", text::quote(from), " is not known"));
  mirror.with_tags = from != "digest-only" && !flag_of(registry, "mirror-by-digest-only");
  mirror.with_digests = from != "tag-only";
  return mirror;
}

Result<RegistryRule> read_registry(const toml::Table& table) {
  RegistryRule rule;
  rule.location = text_of(table, "location");
  rule.prefix = text_of(table, "prefix");
  if (rule.prefix.empty()) rule.prefix = rule.location;
  if (!is_prefix(rule.prefix))
    return Error(Code::kInvalid,
                 text::cat("line ", table.line, ": the prefix ", text::quote(rule.prefix), " is not valid"));
  if (!rule.location.empty()) TRY(check_location(table, rule.location));
  if (rule.location == rule.prefix) rule.location.clear();
  rule.transport.plain_http = rule.transport.skip_verify = flag_of(table, "insecure");
  rule.blocked = flag_of(table, "blocked");
  return rule;
}

}  // namespace

Result<RegistryRules> parse_rules(std::string_view text) {
  RegistryRules rules;
  unsigned number = 0;
  for (const std::string& line : text::split(text, '\n')) {
    ++number;
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty()) continue;
    const auto noun = [&] { return text::cat("line ", number); };
    if (!is_prefix(words[0]))
      return Error(Code::kInvalid, text::cat(text::quote(words[0]), " is not host[:port][/path]"))
          .context(noun());
    if (words.size() == 1) return Error(Code::kInvalid, "nothing is said about it").context(noun());
    TRY(read_words(rule_of(rules, std::string(words[0])), words).context(noun));
  }
  return rules;
}

Result<RegistryRules> parse_registries_conf(std::string_view text) {
  const std::vector<toml::Table> tables = TRY(toml::parse(text));
  RegistryRules rules;
  const toml::Table* registry = nullptr;
  for (const toml::Table& table : tables) {
    if (!table.element) continue;
    if (table.name == "registry") {
      registry = &table;
      rules.rules.push_back(TRY(read_registry(table)));
    } else if (table.name == "registry.mirror") {
      if (registry == nullptr)
        return Error(Code::kInvalid, text::cat("line ", table.line, ": a mirror before any [[registry]]"));
      rules.rules.back().mirrors.push_back(TRY(read_mirror(table, *registry)));
    }
  }
  return rules;
}

void merge(RegistryRules& into, RegistryRules more) {
  for (RegistryRule& rule : more.rules) {
    RegistryRule& known = rule_of(into, rule.prefix);
    if (known.location.empty()) known.location = rule.location;
    known.transport.plain_http |= rule.transport.plain_http;
    known.transport.skip_verify |= rule.transport.skip_verify;
    known.blocked |= rule.blocked;
    for (Mirror& mirror : rule.mirrors) known.mirrors.push_back(std::move(mirror));
  }
}

}  // namespace estiva::image
