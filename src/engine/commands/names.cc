// SPDX-License-Identifier: Apache-2.0
// cais tag, untag, rmi, prune, verify: names, and what goes when nothing refers to it.
#include <sys/file.h>

#include <algorithm>
#include <set>

#include "engine/commands/command.h"
#include "engine/format.h"
#include "estiva/base/text.h"
#include "image/reference.h"
#include "image/store/collect.h"

namespace estiva::engine {

namespace {

using image::Image;
using image::Reference;
using image::Store;

struct RmiOptions {
  bool force = false;
};
constexpr Option kRmiRows[] = {
    options::row<&RmiOptions::force>('f', "force", nullptr,
                                     "remove an image that a bundle uses or that has several names"),
};

struct PruneOptions {
  bool all = false;
};
constexpr Option kPruneRows[] = {
    options::row<&PruneOptions::all>('a', "all", nullptr,
                                     "also remove images with names, unless a bundle uses them"),
};

Result<Reference> parse_name(const std::string& text) {
  Reference reference = TRY(Reference::parse(text));
  if (!reference.digest.empty())
    return Error(Code::kInvalid, "a digest can't be given as a name").object(text::quote(text));
  return reference;
}

Result<int> tag(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kTag, nullptr, in, 2, 2));
  const Store store = TRY(open_store(in));
  const Reference name = TRY(parse_name(operands[1]));
  const Fd lock = TRY(store.lock(LOCK_EX));
  const Image image = TRY(store.find_image(operands[0]));
  const image::Digest& digest = image.record.manifest.digest;
  TRY(store.set_name({name.full(), digest, digest, image.record.added}));
  return 0;
}

// The name that the text stands for, among those that are there.
Result<std::string> known_name(const Store& store, const std::string& text) {
  const std::string full = TRY(parse_name(text)).full();
  for (const image::NameRecord& name : TRY(store.names()))
    if (name.name == full) return full;
  return TRY(store.find_image(text)).names.empty()
             ? Error(Code::kInvalid, "is no name").object(text::quote(text))
             : Error(Code::kInvalid, "is no name, but the image has some").object(text::quote(text));
}

Result<int> untag(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kUntag, nullptr, in, 1, SIZE_MAX));
  const Store store = TRY(open_store(in));
  for (const std::string& operand : operands) {
    const Fd lock = TRY(store.lock(LOCK_EX));
    TRY(store.remove_name(TRY(known_name(store, operand))));
  }
  return 0;
}

Result<void> check_unused(const Store& store, const Image& image) {
  for (const image::BundleRecord& bundle : TRY(image::live_bundles(store))) {
    if (bundle.image != image.record.manifest.digest) continue;
    return Error(Code::kState, text::cat("is used by the bundle ", bundle.path))
        .object(image.record.config.short_hex())
        .hint("cais unbundle removes it; --force removes the image all the same");
  }
  return {};
}

// One name of several is taken off; with the last one, or by ID, the image goes.
Result<std::string> remove(const Store& store, const std::string& wanted, bool force) {
  const Fd lock = TRY(store.lock(LOCK_EX));
  const Image image = TRY(store.find_image(wanted));
  const Result<Reference> reference = Reference::parse(wanted);
  const std::string full = reference.ok() ? reference.value().full() : "";
  const bool by_name =
      std::ranges::any_of(image.names, [&](const image::NameRecord& name) { return name.name == full; });
  if (by_name && image.names.size() > 1) {
    TRY(store.remove_name(full));
    return text::cat("Untagged: ", reference.value().familiar(), "\n");
  }
  if (!by_name && image.names.size() > 1 && !force) {
    std::vector<std::string> names;
    for (const image::NameRecord& name : image.names) names.push_back(name.name);
    return Error(Code::kState, text::cat("has several names: ", text::join(names, ", ")))
        .object(text::quote(wanted))
        .hint("give a name, or --force for all of them");
  }
  if (!force) TRY(check_unused(store, image));
  std::string out;
  for (const image::NameRecord& name : image.names)
    out += text::cat("Untagged: ", TRY(Reference::parse(name.name)).familiar(), "\n");
  TRY(store.remove_image(image));
  return text::cat(out, "Deleted: ", image.record.config.to_string(), "\n");
}

Result<int> rmi(Invocation& in) {
  RmiOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kRmi, &given, in, 1, SIZE_MAX));
  const Store store = TRY(open_store(in));
  for (const std::string& operand : operands) TRY(print(TRY(remove(store, operand, given.force))));
  const image::Collected gone = TRY(image::collect(store, {}));
  std::string lines;
  for (const image::Digest& layer : gone.layers) lines += text::cat("Deleted: ", layer.to_string(), "\n");
  TRY(print(lines));
  return 0;
}

Result<void> remove_unused(const Store& store, bool all) {
  const Fd lock = TRY(store.lock(LOCK_EX));
  std::set<image::Digest> used;
  for (const image::BundleRecord& bundle : TRY(image::live_bundles(store))) used.insert(bundle.image);
  for (const Image& image : TRY(store.images())) {
    if (used.contains(image.record.manifest.digest) || (!image.names.empty() && !all)) continue;
    TRY(store.remove_image(image));
    TRY(print(text::cat("Deleted: ", image.record.config.to_string(), "\n")));
  }
  return {};
}

Result<int> prune(Invocation& in) {
  PruneOptions given;
  TRY(parse_operands(kPrune, &given, in, 0, 0));
  const Store store = TRY(open_store(in));
  TRY(remove_unused(store, given.all));
  const image::Collected gone = TRY(image::collect(store, {.downloads = true}));
  TRY(print(text::cat("Total reclaimed space: ", human_size(gone.bytes), "\n")));
  return 0;
}

Result<size_t> verify_image(const Store& store, const Image& image, std::set<image::Digest>& done) {
  TRY(store.manifest(image));
  TRY(store.config(image));
  size_t bad = 0;
  for (const image::Digest& layer : image.record.diff_ids) {
    if (!done.insert(layer).second) continue;
    const Result<void> verified = store.verify_layer(layer);
    if (verified.ok()) continue;
    ++bad;
    TRY(print(text::cat(image.record.config.short_hex(), ": ", verified.error().to_string(), "\n")));
  }
  return bad;
}

Result<int> verify(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kVerify, nullptr, in, 0, SIZE_MAX));
  const Store store = TRY(open_store(in));
  std::vector<Image> images;
  images.reserve(operands.size());
  for (const std::string& operand : operands) images.push_back(TRY(store.find_image(operand)));
  if (operands.empty()) images = TRY(store.images());
  std::set<image::Digest> done;
  size_t bad = 0;
  for (const Image& image : images) {
    const Result<size_t> found = verify_image(store, image, done);
    bad += found.ok() ? found.value() : 1;
    if (!found.ok())
      TRY(print(text::cat(image.record.config.short_hex(), ": ", found.error().to_string(), "\n")));
  }
  TRY(print(text::cat(images.size(), " images, ", done.size(), " layers: ", bad, " damaged\n")));
  return bad == 0 ? 0 : 1;
}

}  // namespace

const Command kTag = {"tag", "IMAGE NAME", "give an image another name", {}, tag};
const Command kUntag = {"untag", "IMAGE...", "take names away; the images stay", {}, untag};
const Command kRmi = {"rmi", "IMAGE...", "remove images", kRmiRows, rmi};
const Command kPrune = {"prune", "", "remove images and other data that nothing uses", kPruneRows, prune};
const Command kVerify = {
    "verify", "[IMAGE...]", "read images again and compare them with their digests", {}, verify};

}  // namespace estiva::engine
