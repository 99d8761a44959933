// SPDX-License-Identifier: Apache-2.0
// cais commit: a bundle becomes an image again; --dry-run tells what would be in its new layer.
#include "image/commit/commit.h"

#include <fnmatch.h>

#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/container/committed.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "engine/run/pause.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "estiva/base/utf8.h"
#include "image/commit/instructions.h"
#include "image/commit/preview.h"
#include "image/created.h"
#include "image/reference.h"
#include "image/store/view.h"

namespace estiva::engine {

namespace {

using image::Change;
using image::ChangeKind;
using image::Preview;
using image::Reference;
using image::Session;
using image::Store;

struct CommitFlags {
  std::string author, message;
  std::vector<std::string> changes, excluded;
  bool clean = false;
  bool dry_run = false;
  std::string pause;
};
constexpr Option kCommitRows[] = {
    options::row<&CommitFlags::author>('a', "author", "NAME", "who made the image"),
    options::row<&CommitFlags::changes>(
        'c', "change", "INSTRUCTION",
        "change the configuration, as in a Dockerfile: CMD, ENV, ...; may be repeated"),
    options::row<&CommitFlags::clean>(0, "clean", nullptr,
                                      "leave out known caches, such as those of package managers"),
    options::row<&CommitFlags::dry_run>(0, "dry-run", nullptr,
                                        "make nothing; print the size of the layer and what would be in it"),
    options::row<&CommitFlags::excluded>(0, "exclude", "PATTERN",
                                         "leave out files, by name or, with a /, by path; may be repeated"),
    options::row<&CommitFlags::message>('m', "message", "TEXT", "the comment in the image's history"),
    options::row<&CommitFlags::pause>('p', "pause", "true|false",
                                      "pause a running container while it is read; true if not given"),
};

Result<std::vector<std::string>> names_of(const std::vector<std::string>& operands) {
  std::vector<std::string> out;
  if (operands.size() < 2) return out;
  const Reference name = TRY(Reference::parse(operands[1]));
  if (!name.digest.empty())
    return Error(Code::kInvalid, "a digest can't be given as a name").object(text::quote(operands[1]));
  out.push_back(name.full());
  return out;
}

// "*.log" is any file of such a name; "/srv/data" and "srv/*/old" are paths.
bool matches(const std::string& pattern, const std::string& path) {
  const bool is_path = pattern.find('/') != std::string::npos;
  const std::string whole = is_path && !pattern.starts_with('/') ? "/" + pattern : pattern;
  const std::string name = is_path ? path : path.substr(path.rfind('/') + 1);
  return ::fnmatch(whole.c_str(), name.c_str(), FNM_PATHNAME) == 0;
}

// What was deleted stays deleted: only what would be added is left out.
bool is_left_out(const CommitFlags& given, const Change& change) {
  if (change.kind == ChangeKind::kDeleted) return false;
  if (given.clean && !image::cache_of(change.path).empty()) return true;
  return std::ranges::any_of(given.excluded,
                             [&](const std::string& pattern) { return matches(pattern, change.path); });
}

std::string part_lines(std::string_view title, const std::vector<Preview::Part>& parts) {
  if (parts.empty()) return {};
  std::string out = text::cat(title, ":\n");
  for (const Preview::Part& part : parts) {
    std::string size = human_size(part.size);
    size.insert(0, 12 - std::min<size_t>(12, size.size()), ' ');
    out += text::cat(size, "  ", utf8::printable(part.path), "\n");
  }
  return out;
}

std::string preview_text(const Preview& preview) {
  if (preview.layer_size == 0) return "no new layer: nothing was changed\n";
  std::string out = text::cat("layer: ", human_size(preview.layer_size), "; ", preview.added, " added, ",
                              preview.changed, " changed, ", preview.deleted, " deleted\n");
  out += part_lines("largest files", preview.largest);
  out += part_lines("caches (--clean leaves them out)", preview.caches);
  out += part_lines("in volumes of the image, whose files a container may not see", preview.volumes);
  if (!preview.secrets.empty()) out += "likely secrets (--exclude leaves them out):\n";
  for (const Preview::Secret& secret : preview.secrets)
    out += text::cat("  ", utf8::printable(secret.path), ": ", secret.reason, "\n");
  return out;
}

// A container of ours, or a bundle that any runtime runs.
struct Subject {
  std::optional<ContainerRecord> container;
  image::BundleChanges bundle;

  void configure(image::ImageConfig& image) const {
    if (container)
      image.config = committed_config(*container, image.config.value_or(image::ContainerConfig()));
  }
};

Result<Subject> open_subject(const Engine& engine, const std::string& operand) {
  Subject out;
  out.container = TRY(named_container(engine, operand));
  const bool is_path = operand.find('/') != operand.npos || image::read_bundle(operand).ok();
  if (!out.container && !is_path) TRY(engine.containers.find(operand));  // says so
  out.bundle = TRY(image::open_bundle(engine.store,
                                      out.container ? engine.containers.bundle(out.container->id) : operand));
  return out;
}

Result<int> dry_run(Invocation& in, const Subject& subject, const CommitFlags& given) {
  const image::BundleChanges& bundle = subject.bundle;
  image::ImageConfig image = TRY(image::read_bundle_image(bundle.directory));
  subject.configure(image);
  image::ContainerConfig config = image.config.value_or(image::ContainerConfig());
  TRY(image::apply_instructions(given.changes, config));
  const Preview preview = TRY(
      image::preview(bundle.comparison, config, {.newest = TRY(image::source_date_epoch()), .visit = {}}));
  for (const std::string& warning : preview.warnings) in.log.warning(warning);
  TRY(print(preview_text(preview)));
  return 0;
}

// Ready to be started: the next command finds the index. On disk first: what is not known to be there would be read again
// for the index.
Result<void> prepare(const Store& store, image::Tier tier, Session& session,
                     const std::vector<image::Digest>& layers) {
  const bool indexed = tier == image::Tier::kIndex && !layers.empty();
  TRY(session.sync());
  if (indexed) (void)TRY(image::ensure_index(store, layers));
  return indexed ? image::sync_index(store, layers) : Result<void>();
}

Result<bool> must_pause(const Engine& engine, const Subject& subject, const CommitFlags& given) {
  if (!subject.container || given.pause == "false") return false;
  const Condition condition = TRY(condition_of(engine.containers, *subject.container));
  return condition == Condition::kRunning;
}

// Nothing of it runs while its files are read.
Result<image::Committed> make_image(const Engine& engine, Session& session, const Subject& subject,
                                    const CommitFlags& given, const image::CommitOptions& options) {
  const bool pauses = TRY(must_pause(engine, subject, given));
  if (pauses) TRY(pause_container(engine, *subject.container, PausedUntil::kOurEnd));
  const Undo resume([&] {
    if (pauses) (void)unpause_container(engine, *subject.container);
  });
  image::CommitBase base = TRY(image::commit_base(session, subject.bundle));
  subject.configure(base.config);
  return image::commit(session, std::move(base), subject.bundle.comparison, options);
}

Result<int> commit(Invocation& in) {
  CommitFlags given;
  const std::vector<std::string> operands = TRY(parse_operands(kCommit, &given, in, 1, 2));
  const std::vector<std::string> names = TRY(names_of(operands));
  const Engine engine = TRY(open_containers(in));
  const image::Tier tier = TRY(engine::tier(in, engine.store));
  Subject subject = TRY(open_subject(engine, operands[0]));
  subject.bundle.comparison.skip = [&](const Change& change) { return is_left_out(given, change); };
  if (given.dry_run) return dry_run(in, subject, given);
  Session session = TRY(Session::begin(engine.store));
  const image::Committed made =
      TRY(make_image(engine, session, subject, given, {given.author, given.message, given.changes, names}));
  for (const std::string& warning : made.warnings) in.log.warning(warning);
  TRY(print(made.image.config.to_string() + "\n"));
  TRY(prepare(engine.store, tier, session, made.image.diff_ids));
  return 0;
}

}  // namespace

static constexpr const char* kCommitExamples =
    "  cais commit -m nginx web mine/nginx:1.0\n"
    "  cais commit -c 'CMD [\"nginx\", \"-g\", \"daemon off;\"]' -c 'EXPOSE 80' web mine/nginx:1.1\n"
    "  cais commit --dry-run web\n";
const Command kCommit = {"commit",
                         "CONTAINER|DIR [IMAGE]",
                         "make an image from a container, or a bundle, with its changes",
                         kCommitRows,
                         commit,
                         false,
                         kCommitExamples};

}  // namespace estiva::engine
