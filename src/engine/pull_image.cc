// SPDX-License-Identifier: Apache-2.0
// From a name to an image, with a registry where it takes one.
#include "engine/pull_image.h"

#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr unsigned kMostParallel = 32;

// Other tags of the repository that are here: what was asked for may have been one of them.
Error with_tags_here(Error error, const image::Reference& wanted, const image::Store& store) {
  std::vector<std::string> here;
  const Result<std::vector<image::NameRecord>> names = store.names();
  if (!names.ok()) return error;
  for (const image::NameRecord& each : names.value()) {
    const Result<image::Reference> known = image::Reference::parse(each.name);
    if (known.ok() && known.value().name() == wanted.name()) here.push_back(known.value().familiar());
  }
  if (here.empty()) return error;
  return std::move(error).hint(text::cat("here is ", text::join(here, ", ")));
}

Result<image::Image> fetch(Invocation& in, image::Session& session, const image::Reference& reference,
                           const ProvideFlags& flags) {
  const image::PullOptions options = TRY(pull_options(flags));
  const std::unique_ptr<image::Client> client = TRY(make_client(flags));
  const FdView out = FdView::of_number(2);
  const auto watcher = make_watcher(progress_style(flags.progress, flags.quiet, out), out, in.log);
  Result<image::Pulled> pulled = image::pull(*client, session, reference, options, *watcher);
  if (!pulled.ok()) return with_tags_here(std::move(pulled).error(), reference, session.store());
  return session.store().find_image(pulled.value().manifest.to_string());
}

}  // namespace

Result<image::PullOptions> pull_options(const PullFlags& flags) {
  image::PullOptions options;
  if (!flags.platform.empty())
    options.wish = TRY(image::parse_platform(flags.platform).context([] { return "option --platform"; }));
  if (flags.parallel == 0 || flags.parallel > kMostParallel)
    return Error(Code::kInvalid, text::cat("option --parallel: takes 1 to ", kMostParallel));
  options.fetch.parallel = flags.parallel;
  return options;
}

Result<image::Image> provide_image(Invocation& in, image::Session& session, const std::string& name,
                                   const ProvideFlags& flags) {
  if (flags.pull != "always") {
    Result<image::Image> here = session.store().find_image(name);
    if (here.ok() || here.error().code() != Code::kNotFound || flags.pull == "never") return here;
  }
  const image::Reference reference = TRY(image::Reference::parse(name));
  if (flags.pull != "always" && !flags.quiet)
    TRY(sys::write_all(FdView::of_number(2),
                       text::cat("Unable to find image '", reference.familiar(), "' locally\n")));
  return fetch(in, session, reference, flags);
}

}  // namespace estiva::engine
