// SPDX-License-Identifier: Apache-2.0
// Names of images: the grammar by hand, part by part, so that an error can name the part that is wrong.
#include "image/reference.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxName = 255;  // host and path together; what most registries and clients take
constexpr size_t kMaxTag = 128;
constexpr size_t kImageId = 64;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_path_word(char c) { return is_lower(c) || is_digit(c); }

// A separator is one dot, one or two underscores, or any number of dashes.
size_t separator_length(std::string_view text) {
  if (text.starts_with("__")) return 2;
  if (text.starts_with('_') || text.starts_with('.')) return 1;
  return std::min(text.find_first_not_of('-'), text.size());
}

bool is_path_component(std::string_view text) {
  for (;;) {
    const size_t word =
        std::min<size_t>(std::ranges::find_if_not(text, is_path_word) - text.begin(), text.size());
    if (word == 0) return false;
    text.remove_prefix(word);
    if (text.empty()) return true;
    text.remove_prefix(separator_length(text));
  }
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label,
                             [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 2 && host.ends_with(']') &&
           std::ranges::all_of(host.substr(1, host.size() - 2), [](char c) { return is_hex(c) || c == ':'; });
  }
  return std::ranges::all_of(text::split(host, '.'),
                             [](const std::string& label) { return is_host_label(label); });
}

// docker's rule, not that of the internet: "fedora/httpd" is a path, "fedora.example/httpd" begins with a host.
bool looks_like_host(std::string_view component) {
  return component.find_first_of(".:[") != std::string_view::npos || component == "localhost";
}

Error wrong(std::string_view whole, std::string message) {
  return Error::invalid(text::quote(whole), std::move(message));
}

struct Parts {
  std::string_view host, path, tag, digest;
  bool has_tag = false, has_digest = false;
};

Parts take_apart(std::string_view text) {
  Parts parts;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    parts.has_digest = true;
    parts.digest = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const size_t slash = text.rfind('/');
  const size_t colon = text.rfind(':');
  // A colon before the last slash belongs to a port.
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    parts.has_tag = true;
    parts.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  const size_t first = text.find('/');
  if (first != std::string_view::npos && looks_like_host(text.substr(0, first))) {
    parts.host = text.substr(0, first);
    text.remove_prefix(first + 1);
  }
  parts.path = text;
  return parts;
}

Result<void> check_path(std::string_view whole, std::string_view path) {
  if (path.empty()) return wrong(whole, "names no repository");
  if (is_repository_path(path)) return {};
  if (std::ranges::any_of(path, is_upper)) {
    return wrong(whole, text::cat("the repository ", text::quote(path), " has capital letters"))
        .hint(text::cat("repositories are lower case: ", text::quote(text::lower(path))));
  }
  for (const std::string& component : text::split(path, '/')) {
    if (component.empty())
      return wrong(whole,
                   text::cat("the repository ", text::quote(path), " has an empty part between slashes"));
    if (!is_path_component(component)) {
      return wrong(whole, text::cat("the part ", text::quote(component), " of the repository is not valid"))
          .hint(
              "parts are lower-case letters and digits, with one dot, one or two underscores, or dashes "
              "between them");
    }
  }
  return wrong(whole, "names no repository");
}

Result<void> check_tag(std::string_view whole, std::string_view tag) {
  if (is_tag(tag)) return {};
  if (tag.empty()) return wrong(whole, "the tag after the colon is empty");
  return wrong(whole, text::cat("the tag ", text::quote(tag), " is not valid"))
      .hint(
          "a tag is at most 128 letters, digits, underscores, dots and dashes, and starts with neither dot "
          "nor dash");
}

// What people paste: the address of a page, a name with its transport.
Result<void> check_scheme(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://", "docker://", "oci://"}) {
    if (text.starts_with(scheme)) {
      return wrong(text, text::cat("begins with ", scheme, ", which is no part of an image's name"))
          .hint(text::cat("try ", text::quote(text.substr(scheme.size()))));
    }
  }
  return {};
}

}  // namespace

bool is_tag(std::string_view text) {
  const auto is_word = [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; };
  return !text.empty() && text.size() <= kMaxTag && is_word(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool is_repository_path(std::string_view text) {
  return std::ranges::all_of(text::split(text, '/'),
                             [](const std::string& part) { return is_path_component(part); });
}

bool is_registry_host(std::string_view text) {
  const size_t bracket = text.find(']');
  const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos && text::number<uint16_t>(text.substr(colon + 1)).value_or(0) == 0)
    return false;
  return is_host_name(text.substr(0, colon));
}

Result<Reference> Reference::parse(std::string_view text) {
  if (text.empty()) return Error(Code::kInvalid, "the name of an image is empty");
  TRY(check_scheme(text));
  const Parts parts = take_apart(text);
  Reference reference;
  reference.host = parts.host.empty() ? std::string(kDefaultHost) : text::lower(parts.host);
  if (!is_registry_host(reference.host))
    return wrong(text, text::cat("the host ", text::quote(parts.host), " is not valid"));
  if (reference.host == "index.docker.io") reference.host = kDefaultHost;
  TRY(check_path(text, parts.path));
  reference.path = parts.path;
  if (reference.host == kDefaultHost && reference.path.find('/') == std::string::npos) {
    if (parts.path.size() == kImageId && std::ranges::all_of(parts.path, is_hex))
      return wrong(text, "64 hexadecimal digits are the id of an image, not a name");
    reference.path.insert(0, "library/");
  }
  if (reference.host.size() + 1 + reference.path.size() > kMaxName)
    return wrong(text, text::cat("is longer than ", kMaxName, " bytes"));
  if (parts.has_tag) TRY(check_tag(text, parts.tag));
  reference.tag = parts.has_tag || parts.has_digest ? parts.tag : kDefaultTag;
  if (parts.has_digest)
    reference.digest = TRY(Digest::parse(parts.digest).context([&] { return text::quote(text); }));
  return reference;
}

std::string Reference::familiar_name() const {
  constexpr std::string_view kLibrary = "library/";
  if (host != kDefaultHost) return name();
  const size_t slash = path.find('/');
  if (path.starts_with(kLibrary) && path.find('/', kLibrary.size()) == std::string::npos)
    return path.substr(kLibrary.size());
  // "docker.io/localhost/app" would turn into another name.
  return looks_like_host(std::string_view(path).substr(0, slash)) ? name() : path;
}

std::string Reference::name() const { return text::cat(host, "/", path); }

static std::string with_suffix(std::string name, const Reference& reference) {
  if (!reference.tag.empty()) name += text::cat(":", reference.tag);
  if (!reference.digest.empty()) name += text::cat("@", reference.digest.to_string());
  return name;
}

std::string Reference::familiar() const { return with_suffix(familiar_name(), *this); }
std::string Reference::full() const { return with_suffix(name(), *this); }
std::string Reference::selector() const { return digest.empty() ? tag : digest.to_string(); }

}  // namespace estiva::image
