// SPDX-License-Identifier: Apache-2.0
// cais load, save, import, export, copy: images from and to files.
#include <fcntl.h>
#include <unistd.h>

#include "engine/commands/command.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/commit/instructions.h"
#include "image/created.h"
#include "image/formats/save.h"
#include "image/formats/source.h"
#include "image/reference.h"

namespace estiva::engine {

namespace {

using image::Format;
using image::Reference;
using image::Session;
using image::Store;

struct LoadOptions {
  std::string input = "-";
  bool quiet = false;
};
constexpr Option kLoadRows[] = {
    options::row<&LoadOptions::input>('i', "input", "FILE",
                                      "read this archive or OCI layout; standard input if not given"),
    options::row<&LoadOptions::quiet>('q', "quiet", nullptr, "print nothing"),
};

struct SaveOptions {
  std::string output;
  std::string format = "docker-archive";
};
constexpr Option kSaveRows[] = {
    options::row<&SaveOptions::output>('o', "output", "FILE", "write to FILE; standard output if not given"),
    options::row<&SaveOptions::format>(0, "format", "docker-archive|oci-archive|oci",
                                       "form of FILE; docker-archive if not given; oci is a directory"),
};

struct ImportOptions {
  std::vector<std::string> changes;
  std::string message;
};
constexpr Option kImportRows[] = {
    options::row<&ImportOptions::changes>('c', "change", "INSTRUCTION",
                                          "change the configuration, as in cais commit; may be repeated"),
    options::row<&ImportOptions::message>('m', "message", "TEXT", "the comment in the image's history"),
};

struct ExportOptions {
  std::string output;
};
constexpr Option kExportRows[] = {
    options::row<&ExportOptions::output>('o', "output", "FILE",
                                         "write to FILE; standard output if not given"),
};

// A file that takes its place when it is whole; what is there and no file (a device, a pipe, a link) is written to as it is.
// Standard output for no name.
class Output {
 public:
  static Result<Output> open(const std::string& path) {
    Output out;
    if (path.empty()) {
      if (::isatty(1) != 0)
        return Error(Code::kInvalid, "an archive is not written to a terminal")
            .hint("--output FILE, or a pipe");
      out.file_ = TRY(sys::dup(FdView::of_number(1)));
      return out;
    }
    out.path_ = path;
    const Result<struct stat> there = sys::fstatat(FdView::cwd(), path, AT_SYMLINK_NOFOLLOW);
    if (there.ok() && !S_ISREG(there.value().st_mode)) {
      out.file_ = TRY(sys::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0666));
      return out;
    }
    out.temporary_ = text::cat(path, ".", sys::getpid(), ".new");
    out.file_ = TRY(sys::open(out.temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666));
    return out;
  }
  Output(Output&&) = default;
  ~Output() {
    if (!temporary_.empty()) (void)sys::unlinkat(FdView::cwd(), temporary_);
  }
  FdView file() const { return file_; }
  std::string name() const { return path_.empty() ? "standard output" : path_; }
  Result<void> finish() {
    if (temporary_.empty()) return {};
    return sys::renameat(FdView::cwd(), std::exchange(temporary_, std::string()), FdView::cwd(), path_);
  }

 private:
  Output() = default;
  Fd file_;
  std::string path_, temporary_;
};

Result<std::vector<image::ImageRecord>> import_all(Session& session, const image::Source& source,
                                                   const std::vector<std::string>& names) {
  std::vector<image::ImageRecord> out;
  for (const image::SourceImage& each : source.images)
    out.push_back(TRY(image::import_image(session, each, names)));
  return out;
}

Result<int> load(Invocation& in) {
  LoadOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kLoad, &given, in, 0, 1));
  const Store store = TRY(open_store(in));
  Session session = TRY(Session::begin(store));
  const image::Source source = TRY(image::open_source(store, operands.empty() ? given.input : operands[0]));
  if (source.format == Format::kRootfsTar || source.format == Format::kRootfsDir) {
    return Error(Code::kInvalid, "holds no image: neither index.json nor manifest.json is in it")
        .object(source.path)
        .hint("cais import makes an image of a root file system");
  }
  const std::vector<image::ImageRecord> loaded = TRY(import_all(session, source, {}));
  std::string lines;
  for (size_t i = 0; i < loaded.size(); ++i) {
    for (const std::string& name : source.images[i].names)
      lines += text::cat("Loaded image: ", TRY(Reference::parse(name)).familiar(), "\n");
    if (source.images[i].names.empty())
      lines += text::cat("Loaded image ID: ", loaded[i].config.to_string(), "\n");
  }
  if (!given.quiet) TRY(print(lines));
  TRY(session.sync());
  return 0;
}

// Those that the texts name: by name, that name goes along; by ID, all names do.
Result<std::vector<image::Wanted>> wanted_images(const Store& store,
                                                 const std::vector<std::string>& operands) {
  std::vector<image::Wanted> out;
  for (const std::string& operand : operands) {
    image::Wanted wanted{TRY(store.find_image(operand)), {}};
    const Result<Reference> reference = Reference::parse(operand);
    std::vector<std::string> all;
    for (const image::NameRecord& name : wanted.image.names) {
      all.push_back(name.name);
      if (reference.ok() && name.name == reference.value().full()) wanted.names = {name.name};
    }
    if (wanted.names.empty()) wanted.names = all;
    out.push_back(std::move(wanted));
  }
  return out;
}

Result<void> save_to(const Store& store, const std::vector<image::Wanted>& images, Format format,
                     const std::string& where) {
  if (format == Format::kOciLayout) {
    if (where.empty()) return Error(Code::kInvalid, "an OCI layout is a directory").hint("--output DIR");
    return image::save_layout(store, images, where).context([&] { return where; });
  }
  Output output = TRY(Output::open(where));
  TRY(image::save_archive(store, images, format, output.file()).context([&] { return output.name(); }));
  return output.finish();
}

Format format_of(const std::string& name) {
  for (const Format format : {Format::kOciLayout, Format::kOciArchive})
    if (name == image::name_of(format)) return format;
  return Format::kDockerArchive;
}

Result<int> save(Invocation& in) {
  SaveOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kSave, &given, in, 1, SIZE_MAX));
  const Store store = TRY(open_store(in));
  TRY(save_to(store, TRY(wanted_images(store, operands)), format_of(given.format), given.output));
  return 0;
}

// The configuration of an image that is one root file system and nothing else.
Result<image::ImageConfig> rootfs_config(const ImportOptions& given, const std::string& created) {
  image::ImageConfig config;
  const image::Platform host = image::host_platform();
  config.created = created;
  config.architecture = host.architecture;
  config.variant = host.variant;
  config.os = host.os;
  config.config.emplace();
  TRY(image::apply_instructions(given.changes, *config.config));
  config.history.push_back({.created = created, .created_by = "cais import", .comment = given.message});
  return config;
}

Result<image::ImageRecord> import_rootfs(Session& session, const image::Source& source,
                                         const std::string& name, const ImportOptions& given) {
  const std::string created = image::created_at(TRY(image::source_date_epoch()));
  image::ImageConfig config = TRY(rootfs_config(given, created));
  image::SourceImage image = source.images[0];
  const image::LayerRecord layer = TRY(image::import_layer(session, image.layers[0]));
  image.layers[0].diff_id = layer.diff_id;
  config.rootfs = {"layers", {layer.diff_id}};
  image.config = codec::encode(config);
  return image::import_image(session, image, name.empty() ? std::vector<std::string>() : std::vector{name});
}

Result<int> import(Invocation& in) {
  ImportOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kImport, &given, in, 1, 2));
  std::string name;
  if (operands.size() > 1) name = TRY(Reference::parse(operands[1])).full();
  const Store store = TRY(open_store(in));
  Session session = TRY(Session::begin(store));
  const std::string where = operands[0].starts_with("rootfs:")
                                ? operands[0]
                                : text::cat(image::name_of(Format::kRootfsTar), ":", operands[0]);
  const image::Source source = TRY(image::open_source(store, where));
  const image::ImageRecord record = TRY(import_rootfs(session, source, name, given));
  TRY(print(text::cat(record.config.to_string(), "\n")));
  TRY(session.sync());
  return 0;
}

Result<int> export_files(Invocation& in) {
  ExportOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kExport, &given, in, 1, 1));
  const Store store = TRY(open_store(in));
  Output output = TRY(Output::open(given.output));
  const auto noun = [&] { return output.name(); };
  if (image::is_place(operands[0])) {
    const std::string rootfs = text::cat(operands[0], "/rootfs");
    const bool bundle = sys::fstatat(FdView::cwd(), rootfs, 0).ok();
    TRY(image::export_directory(bundle ? rootfs : operands[0], output.file()).context(noun));
  } else {
    TRY(image::export_image(store, TRY(store.find_image(operands[0])), output.file()).context(noun));
  }
  TRY(output.finish());
  return 0;
}

// A place to write to: its format and path; nothing for a name of the store.
Result<std::optional<std::pair<Format, std::string>>> parse_target(const std::string& text) {
  for (const Format format : {Format::kOciLayout, Format::kOciArchive, Format::kDockerArchive}) {
    const std::string prefix = text::cat(image::name_of(format), ":");
    if (text.starts_with(prefix)) return std::optional(std::pair(format, text.substr(prefix.size())));
  }
  if (!image::is_place(text)) return std::optional<std::pair<Format, std::string>>();
  return Error(Code::kInvalid, "does not say which format")
      .object(text::quote(text))
      .hint("oci:DIR, oci-archive:FILE or docker-archive:FILE");
}

Result<int> copy(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kCopy, nullptr, in, 2, 2));
  const Store store = TRY(open_store(in));
  Session session = TRY(Session::begin(store));
  const auto target = TRY(parse_target(operands[1]));
  std::vector<image::Wanted> images;
  if (image::is_place(operands[0])) {
    const image::Source source = TRY(image::open_source(store, operands[0]));
    std::vector<std::string> names;
    if (!target) names.push_back(TRY(Reference::parse(operands[1])).full());
    TRY(image::check_single(source));
    const std::vector<image::ImageRecord> records = TRY(import_all(session, source, names));
    images.push_back({{records[0], {}}, source.images[0].names});
  } else {
    images = TRY(wanted_images(store, {operands[0]}));
    if (!target)
      return Error(Code::kInvalid, "both are names of the store").hint("cais tag gives an image a name");
  }
  if (target) TRY(save_to(store, images, target->first, target->second));
  TRY(session.sync());
  return 0;
}

}  // namespace

static constexpr const char* kLoadExamples =
    "  cais load image.tar\n"
    "  ssh other docker save app | cais load\n";
const Command kLoad = {"load", "[FILE]",     "read images from an archive or an OCI layout", kLoadRows, load,
                       false,  kLoadExamples};
static constexpr const char* kSaveExamples = "  cais save -o app.tar app:1.0\n";
const Command kSave = {"save", "IMAGE...",   "write images to an archive or an OCI layout", kSaveRows, save,
                       false,  kSaveExamples};
static constexpr const char* kImportExamples =
    "  cais import -c 'CMD [\"/bin/sh\"]' rootfs.tar.gz mine/base\n";
const Command kImport = {"import",       "FILE [NAME]", "make an image from the tar of a root file system",
                         kImportRows,    import,        false,
                         kImportExamples};
const Command kExport = {"export", "IMAGE|DIR", "write the files of an image or a bundle as one tar",
                         kExportRows, export_files};
static constexpr const char* kCopyExamples =
    "  cais copy docker-archive:app.tar oci:app\n"
    "  cais copy oci:app:1.0 app:1.0\n"
    "  cais copy app:1.0 oci-archive:app.tar\n";
const Command kCopy = {"copy", "SOURCE TARGET", "copy an image between formats and the store", {}, copy,
                       false,  kCopyExamples};

}  // namespace estiva::engine
