// SPDX-License-Identifier: Apache-2.0
// estiva spec: writes a config.json to start from. Needs no privilege.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/spec/spec.h"
#include "runtime/commands/command.h"

namespace estiva {

namespace {

struct SpecOptions {
  std::string bundle = ".";
  std::string config = "config.json";
  bool rootless = false;
};

constexpr Option kSpecRows[] = {
    options::row<&SpecOptions::bundle>('b', "bundle", "DIR",
                                       "where to write config.json; the working directory if not given"),
    options::row<&SpecOptions::config>('f', "config", "FILE",
                                       "the name of the file; config.json if not given"),
    options::row<&SpecOptions::rootless>(0, "rootless", nullptr, "make it for a user other than root"),
};

[[gnu::cold]] Result<int> write_spec(Invocation& in) {
  SpecOptions given;
  TRY(parse_operands(kSpec, &given, in, 0, 0));
  const spec::Spec config =
      given.rootless ? spec::default_rootless_config(::geteuid(), ::getegid()) : spec::default_config();
  const Fd dir = TRY(sys::open(given.bundle, O_RDONLY | O_DIRECTORY).context([] { return "bundle"; }));
  Result<Fd> file = sys::openat(dir, given.config, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
  if (!file.ok() && file.error().errnum() == EEXIST) {
    return Error(Code::kExists, text::cat(text::quote(given.config), " exists already"))
        .hint("remove it first");
  }
  TRY(sys::write_all(TRY(std::move(file)), spec::to_json(config, spec::Style::kPretty)));
  return 0;
}

}  // namespace

const Command kSpec = {"spec", "", "write a config.json to start with", kSpecRows, write_spec};

}  // namespace estiva
