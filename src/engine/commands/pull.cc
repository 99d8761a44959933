// SPDX-License-Identifier: Apache-2.0
// cais pull: images of a registry into the store.
#include "engine/pull_image.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr Option kPullRows[] = {
    pull_rows::kPlatform,  pull_rows::kQuiet,          pull_rows::kProgress,    pull_rows::kParallel,
    registry_rows::kRetry, registry_rows::kRetryDelay, registry_rows::kTimeout,
};

Result<int> pull(Invocation& in) {
  PullFlags flags;
  const std::vector<std::string> operands = TRY(parse_operands(kPull, &flags, in, 1, SIZE_MAX));
  std::vector<image::Reference> references;
  references.reserve(operands.size());
  for (const std::string& operand : operands) references.push_back(TRY(image::Reference::parse(operand)));
  const image::PullOptions options = TRY(pull_options(flags));
  const image::Store store = TRY(open_store(in));
  const std::unique_ptr<image::Client> client = TRY(make_client(flags));
  image::Session session = TRY(image::Session::begin(store));
  const FdView out = FdView::of_number(1);
  for (const image::Reference& reference : references) {
    const auto watcher = make_watcher(progress_style(flags.progress, flags.quiet, out), out, in.log);
    TRY(image::pull(*client, session, reference, options, *watcher));
    TRY(session.sync());
    if (flags.quiet) TRY(print(text::cat(reference.full(), "\n")));
  }
  return 0;
}

}  // namespace

static constexpr const char* kPullExamples =
    "  cais pull debian:12\n"
    "  cais pull --platform linux/arm64 registry.example:5000/team/app@sha256:...\n";
const Command kPull = {"pull", "NAME...",    "fetch images from a registry", kPullRows, pull,
                       false,  kPullExamples};

}  // namespace estiva::engine
