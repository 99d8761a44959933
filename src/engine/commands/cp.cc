// SPDX-License-Identifier: Apache-2.0
// cais cp: files and directories between a container and the host, or a tar. What is in the container is a stranger's:
// paths are resolved below its root, what is read and written is held by descriptors (engine/files).
#include <errno.h>
#include <fcntl.h>

#include "engine/commands/containers.h"
#include "engine/files/place.h"
#include "engine/files/tree_sink.h"
#include "engine/files/tree_walk.h"
#include "engine/format.h"
#include "engine/run/view.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/user_namespace.h"
#include "image/stream/decode.h"
#include "image/tar/reader.h"
#include "image/tar/writer.h"

namespace estiva::engine {

namespace {

using image::tar::Entry;
using Links = RootDir::Links;

struct CpFlags {
  bool archive = false, follow = false, quiet = false;
};
constexpr Option kCpRows[] = {
    options::row<&CpFlags::archive>('a', "archive", nullptr,
                                    "keep owners, set-user-ID and set-group-ID bits and capabilities"),
    options::row<&CpFlags::follow>('L', "follow-link", nullptr,
                                   "if the source is a symbolic link, copy what it leads to"),
    options::row<&CpFlags::quiet>('q', "quiet", nullptr, "do not tell what was copied"),
};

constexpr size_t kPiece = 256 << 10;

// CONTAINER:PATH, a path of the host, or "-".
struct Operand {
  std::string text, container, path;
  bool is_stream = false;
  bool is_local() const { return container.empty(); }
  // "dir/", "dir/.": it has to be a directory.
  bool names_directory() const { return path.ends_with('/') || path.ends_with("/.") || path == "."; }
  bool names_content() const { return path.ends_with("/.") || path == "." || cleaned_path(path) == "/"; }
};

// As docker tells them apart: "./a:b" and "/a:b" are files of the host.
Operand parse_operand(const std::string& text) {
  Operand out{.text = text, .container = {}, .path = text};
  const size_t colon = text.find(':');
  if (text == "-") {
    out.is_stream = true;
  } else if (!text.starts_with('/') && !text.starts_with('.') && colon != text.npos) {
    out.container = text.substr(0, colon);
    out.path = text.substr(colon + 1);
    if (!out.path.starts_with('/')) out.path.insert(0, 1, '/');
  }
  return out;
}

// One end of the copy: a root, the path below it, and how its errors are worded.
struct End {
  const Operand& operand;
  const RootDir& root;
  std::string path;  // cleaned

  Error missing(const std::string& what) const {
    if (operand.is_local())
      return Error(Code::kNotFound, text::cat("lstat ", what, ": no such file or directory"));
    return Error(Code::kNotFound, text::cat("Could not find the file ", text::printable(what),
                                            " in container ", operand.container));
  }
};

Result<End> open_end(const Operand& operand, const RootDir& root) {
  if (!operand.is_local()) return End{operand, root, cleaned_path(operand.path)};
  if (operand.path.empty()) return Error(Code::kInvalid, "an empty path names no file");
  return End{operand, root, cleaned_path(TRY(files::absolute(operand.path)))};
}

// ---- the source

struct Source {
  Place place;
  bool content_only = false;
};

Result<Source> find_source(const End& end, bool follow) {
  const bool directory = end.operand.names_directory();
  Result<Place> found =
      find_place(end.root, end.path, follow || directory ? Links::kFollow : Links::kFollowParents);
  if (!found.ok() && found.error().errnum() == ENOENT) return end.missing(end.path);
  Place place = TRY(std::move(found).context([&] { return text::quote(end.operand.text); }));
  if (!place.info) return end.missing(end.path);
  if (directory && !place.is_directory())
    return Error(Code::kInvalid, "not a directory").object(text::quote(end.operand.text));
  return Source{std::move(place), end.operand.names_content()};
}

// ---- the destination

struct Target {
  Fd base;         // directory
  std::string as;  // name below it; ".": the source's content goes there
  bool is_root = false;
};

Error no_parent(const End& end) {
  const std::string parent = end.path.substr(0, std::max<size_t>(end.path.rfind('/'), 1));
  if (!end.operand.is_local()) return end.missing(parent);
  return Error(Code::kNotFound,
               text::cat("invalid output path: directory ", text::quote(parent), " does not exist"));
}

// docker's rules: into a directory that is there, or under the name that is given.
Result<Target> find_target(const End& end, const Source& source, const std::string& source_name) {
  Result<Place> found = find_place(end.root, end.path, Links::kFollow);
  if (!found.ok() && (found.error().errnum() == ENOENT || found.error().errnum() == ENOTDIR))
    return no_parent(end);
  const Place place = TRY(std::move(found).context([&] { return text::quote(end.operand.text); }));
  if (place.is_directory()) {
    Fd base = TRY(sys::openat(place.dir, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return Target{std::move(base), source.content_only ? "." : source_name, place.name == "."};
  }
  if (place.info && source.place.is_directory())
    return Error(Code::kInvalid, "cannot copy directory").object(text::quote(end.operand.text));
  if (place.info && end.operand.names_directory())
    return Error(Code::kInvalid, "not a directory").object(text::quote(end.operand.text));
  if (place.info && !place.is_file())
    return Error(Code::kInvalid, text::cat("invalid output path: ", text::quote(end.operand.text),
                                           " must be a directory or a regular file"));
  if (!place.info && end.operand.names_directory() && !source.place.is_directory())
    return Error(Code::kNotFound, "no such directory").object(text::quote(end.operand.text));
  Fd base = TRY(sys::openat(place.dir, ".", O_PATH | O_DIRECTORY));
  return Target{std::move(base), place.name, false};
}

// ---- the copy

struct Copy {
  Invocation& in;
  const CpFlags& flags;
  const ContainerView& view;

  // From the ids that the view shows to the container's own.
  void own_ids(Entry& entry) const {
    entry.uid = to_container(view.uid_map(), entry.uid).value_or(entry.uid);
    entry.gid = to_container(view.gid_map(), entry.gid).value_or(entry.gid);
  }
  // And back.
  Result<void> view_ids(Entry& entry) const {
    if (view.uid_map().empty()) return {};
    const auto uid = to_host(view.uid_map(), entry.uid), gid = to_host(view.gid_map(), entry.gid);
    if (!uid || !gid)
      return Error(Code::kInvalid, text::cat("is owned by ", entry.uid, ":", entry.gid,
                                             ", whom the container's user namespace has not"))
          .object(text::quote(entry.path));
    entry.uid = *uid;
    entry.gid = *gid;
    return {};
  }

  std::function<void(const std::string&)> warn() const {
    return [this](const std::string& text) { in.log.warning(text); };
  }
};

// Nothing of the container gets privilege on the host, unless that is asked for.
SinkOptions sink_options(const Copy& copy, bool into_container) {
  SinkOptions out;
  out.owners = copy.flags.archive;
  out.all_bits = copy.flags.archive;
  out.devices = into_container;
  out.warn = copy.warn();
  return out;
}

Result<uint64_t> copy_tree(const Copy& copy, const Source& source, Target target, bool into_container) {
  TreeSink sink(RootDir(std::move(target.base)), sink_options(copy, into_container));
  WalkOptions options;
  options.warn = copy.warn();
  options.is_own = [&](dev_t device, ino_t inode) { return sink.made(device, inode); };
  options.visit = [&](Entry& entry, FdView file) -> Result<void> {
    if (!into_container) copy.own_ids(entry);
    if (into_container && copy.flags.archive) TRY(copy.view_ids(entry));
    TRY(sink.add(entry));
    if (file.valid()) TRY(sink.copy(file, entry.size));
    return sink.end();
  };
  TRY(TreeWalk(std::move(options)).run(source.place.dir, source.place.name, target.as));
  TRY(sink.finish());
  return sink.bytes();
}

Result<void> write_data(image::tar::Writer& writer, FdView file, uint64_t size) {
  std::string piece(static_cast<size_t>(std::min<uint64_t>(size, kPiece)), '\0');
  for (uint64_t done = 0; done < size;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(size - done, piece.size()));
    size_t count = TRY(sys::pread(file, piece.data(), want, static_cast<off_t>(done)));
    if (count == 0) {  // shorter than it was a moment ago: the header decides
      piece.assign(piece.size(), '\0');
      count = want;
    }
    TRY(writer.data(std::string_view(piece).substr(0, count)));
    done += count;
  }
  return {};
}

Result<void> write_stream(const Copy& copy, const Source& source, const std::string& as) {
  image::tar::Writer writer(
      [](std::string_view piece) { return sys::write_all(FdView::of_number(1), piece); });
  WalkOptions options;
  options.warn = copy.warn();
  options.is_own = [](dev_t, ino_t) { return false; };
  options.visit = [&](Entry& entry, FdView file) -> Result<void> {
    copy.own_ids(entry);
    TRY(writer.add(entry));
    return file.valid() ? write_data(writer, file, entry.size) : Result<void>();
  };
  TRY(TreeWalk(std::move(options)).run(source.place.dir, source.place.name, as));
  return writer.finish();
}

// A tar says who owns its files.
Result<void> read_stream(const Copy& copy, const End& end) {
  const Result<Place> found = find_place(end.root, end.path, Links::kFollow);
  if (!found.ok() || !found.value().is_directory()) {
    if (!found.ok() || !found.value().info) return end.missing(end.path);
    return Error(Code::kInvalid,
                 text::cat("destination ", text::quote(end.operand.text), " must be a directory"));
  }
  const Place& place = found.value();
  SinkOptions options = sink_options(copy, true);
  options.owners = options.all_bits = true;
  options.follow = place.name == ".";  // the container's own root
  TreeSink sink(RootDir(TRY(sys::openat(place.dir, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW))), options);
  const auto add = [&](Entry& entry) -> Result<void> {
    TRY(copy.view_ids(entry));
    return sink.add(entry);
  };
  image::tar::Reader reader(
      {add, [&](std::string_view piece) { return sink.data(piece); }, [&] { return sink.end(); }});
  const image::Decoder::Output output = [&](std::string_view piece) { return reader.write(piece); };
  image::AutoDecoder decoder;
  std::string buffer(kPiece, '\0');
  for (;;) {
    const size_t size = TRY(sys::read(FdView::of_number(0), buffer.data(), buffer.size()));
    if (size == 0) break;
    TRY(decoder.write(std::string_view(buffer).substr(0, size), output));
  }
  TRY(decoder.finish(output));
  TRY(reader.finish());
  return sink.finish();
}

// Writing where nothing may be written, in docker's words.
Error worded(const ContainerRecord& record, const Error& error) {
  Error out = Error::from_parts(error.parts());
  if (error.errnum() != EROFS) return out;
  return std::move(out).message(record.options.read_only ? "container rootfs is marked read-only"
                                                         : "mounted volume is marked read-only");
}

Result<void> copy_out(const Copy& copy, const End& from, const Operand& to) {
  const Source source = TRY(find_source(from, copy.flags.follow));
  const std::string name = last_name(from.path);
  if (to.is_stream) return write_stream(copy, source, source.content_only ? "." : name);
  const RootDir host = TRY(RootDir::open("/"));
  Target target = TRY(find_target(TRY(open_end(to, host)), source, name));
  const uint64_t bytes = TRY(copy_tree(copy, source, std::move(target), false));
  if (copy.flags.quiet) return {};
  return sys::write_all(FdView::of_number(2),
                        text::cat("Successfully copied ", human_size(bytes), " to ", to.text, "\n"));
}

Result<void> copy_in(const Copy& copy, const Operand& from, const End& to) {
  const IdMap &users = copy.view.uid_map(), &groups = copy.view.gid_map();
  std::optional<FileIds> owner;
  if (!users.empty())
    owner.emplace(TRY(FileIds::take(to_host(users, 0).value_or(0), to_host(groups, 0).value_or(0))));
  if (from.is_stream) return read_stream(copy, to);
  const RootDir host = TRY(RootDir::open("/"));
  const End local = TRY(open_end(from, host));
  const Source source = TRY(find_source(local, copy.flags.follow));
  Target target = TRY(find_target(to, source, last_name(local.path)));
  const uint64_t bytes = TRY(copy_tree(copy, source, std::move(target), true));
  if (copy.flags.quiet) return {};
  return sys::write_all(FdView::of_number(2),
                        text::cat("Successfully copied ", human_size(bytes), " to ", to.operand.text, "\n"));
}

Result<int> cp(Invocation& in) {
  CpFlags flags;
  const Strings operands = TRY(parse_operands(kCp, &flags, in, 2, 2));
  const Operand from = parse_operand(operands[0]), to = parse_operand(operands[1]);
  if (from.is_local() && to.is_local())
    return Error(Code::kInvalid, "must specify at least one container source");
  if (!from.is_local() && !to.is_local())
    return Error(Code::kInvalid, "copying between containers is not supported");
  const Engine engine = TRY(open_containers(in));
  const std::string& name = from.is_local() ? to.container : from.container;
  const ContainerRecord record = TRY(engine.containers.find(name));
  (void)sys::umask(0);  // modes are the source's
  const ContainerView view = TRY(ContainerView::open(engine, record.id));
  const Copy copy{in, flags, view};
  if (!from.is_local()) {
    TRY(copy_out(copy, TRY(open_end(from, view.root())), to));
    return 0;
  }
  const Result<void> done = copy_in(copy, from, TRY(open_end(to, view.root())));
  if (!done.ok()) return worded(record, done.error());
  return 0;
}

}  // namespace

static constexpr const char* kCpExamples =
    "  cais cp web:/etc/nginx/nginx.conf .\n"
    "  cais cp site/. web:/var/www/html\n"
    "  cais cp web:/var/log - | tar -t\n";
const Command kCp = {"cp",
                     "CONTAINER:PATH|FILE|- CONTAINER:PATH|FILE|-",
                     "copy files between a container and the host",
                     kCpRows,
                     cp,
                     false,
                     kCpExamples};

}  // namespace estiva::engine
