// SPDX-License-Identifier: Apache-2.0
// estiva mounts add and remove: changes the mounts of a container that runs.
#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/parent/later_mounts.h"

namespace estiva {

namespace {

constexpr size_t kMaxMounts = 16 << 20;

// The JSON itself, - for standard input, or a file.
Result<std::string> read_document(const std::string& given) {
  if (given.starts_with('[') || given.starts_with('{')) return given;
  if (given == "-") return files::read_fd(FdView::of_number(0), kMaxMounts);
  Result<std::string> text = files::read_all(FdView::cwd(), given, kMaxMounts);
  if (!text.ok() && text.error().errnum() == ENOENT)
    return Error(Code::kInvalid, text::cat(text::quote(given), " is not there"))
        .hint("a JSON array of mounts, a file that has one, or - is expected");
  return text;
}

// An array of mounts, or one mount.
Result<std::vector<spec::Mount>> load(const std::string& given) {
  std::string document = TRY(read_document(given));
  if (text::trim(document).starts_with('{')) document = text::cat("[", document, "]");
  return spec::load_mounts(document).context([] { return "mounts"; });
}

Result<std::vector<std::string>> destinations(const std::vector<spec::Mount>& mounts) {
  std::vector<std::string> out;
  for (size_t i = 0; i < mounts.size(); ++i) {
    const std::string& path = mounts[i].destination;
    if (!path.starts_with('/') || path.find_first_not_of('/') == std::string::npos)
      return Error::invalid(text::cat("/mounts/", i, "/destination"),
                            "must be an absolute path, and not the root");
    out.push_back(path);
  }
  return out;
}

[[gnu::cold]] Result<int> mounts(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kMounts, nullptr, in, 3, 3));
  const std::string& verb = operands[0];
  if (verb != "add" && verb != "remove")
    return Error(Code::kInvalid, text::cat("mounts: takes add or remove, not ", text::quote(verb)));
  const std::vector<spec::Mount> wanted = TRY(load(operands[2]));
  const std::vector<std::string> paths = TRY(destinations(wanted));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[1], Lock::kWait));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status == spec::Status::kStopped) return not_running(found.record.id);
  if (status == spec::Status::kCreating) return wrong_state("change the mounts of", found.record, status);
  TRY(verb == "add" ? add_mounts(found.record, wanted) : remove_mounts(found.record, paths));
  return 0;
}

}  // namespace

static constexpr const char* kMountsExamples =
    "  estiva mounts add web '{\"destination\": \"/data\", \"source\": \"/srv/data\", \"options\": "
    "[\"rbind\", \"ro\"]}'\n";
const Command kMounts = {"mounts",
                         "add|remove ID JSON|FILE",
                         "add mounts to a running container, or remove some",
                         {},
                         mounts,
                         false,
                         kMountsExamples};

}  // namespace estiva
