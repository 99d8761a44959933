// SPDX-License-Identifier: Apache-2.0
// cais push: an image of the store to a registry.
#include "image/registry/push.h"

#include "engine/commands/command.h"
#include "engine/progress_display.h"
#include "engine/registry_flags.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

using image::LayerForm;

struct PushFlags : RegistryFlags {
  std::string compression = "gzip";
  std::string progress = "auto";
  bool quiet = false;
  int level = 0;
};

using P = PushFlags;
constexpr Option kPushRows[] = {
    options::row<&P::compression>(0, "compression", "gzip|zstd|none",
                                  "how to compress layers that must be sent; gzip if not given"),
    options::row<&P::level>(0, "compression-level", "N", "1 to 9, zstd 1 to 19; 4 if not given, zstd 3"),
    options::row<&P::progress>(0, "progress", "auto|bars|plain|json",
                               "how to show progress; auto if not given"),
    options::row<&P::quiet>('q', "quiet", nullptr, "print the digest only"),
    registry_rows::kRetry,
    registry_rows::kRetryDelay,
    registry_rows::kTimeout,
};

Result<image::PushOptions> push_options(const PushFlags& flags) {
  image::PushOptions options;
  options.form = flags.compression == "zstd"   ? LayerForm::kZstd
                 : flags.compression == "none" ? LayerForm::kPlain
                                               : LayerForm::kGzip;
  constexpr int kMostGzip = 9, kMostZstd = 19;
  const int most = options.form == LayerForm::kZstd ? kMostZstd : kMostGzip;
  if (flags.level < 0 || flags.level > most)
    return Error(Code::kInvalid, text::cat("option --compression-level: takes 1 to ", most));
  options.level = flags.level;
  return options;
}

// With a second operand: under that name. Else the first is the name, and the image has it.
Result<int> push(Invocation& in) {
  PushFlags flags;
  const std::vector<std::string> operands = TRY(parse_operands(kPush, &flags, in, 1, 2));
  const image::PushOptions options = TRY(push_options(flags));
  const image::Reference to = TRY(image::Reference::parse(operands.back()));
  const image::Store store = TRY(open_store(in));
  const image::Image image = TRY(store.find_image(operands[0]));
  const std::unique_ptr<image::Client> client = TRY(make_client(flags));
  image::Session session = TRY(image::Session::begin(store));
  const FdView out = FdView::of_number(1);
  const auto watcher = make_watcher(progress_style(flags.progress, flags.quiet, out), out, in.log);
  const image::Pushed pushed = TRY(image::push({*client, session, image, to, *watcher}, options));
  TRY(session.sync());
  if (flags.quiet) TRY(print(text::cat(pushed.manifest.to_string(), "\n")));
  return 0;
}

}  // namespace

static constexpr const char* kPushExamples =
    "  cais push mine/nginx:1.0 registry.example:5000/mine/nginx:1.0\n";
const Command kPush = {"push", "IMAGE [NAME]", "send an image to a registry", kPushRows, push,
                       false,  kPushExamples};

}  // namespace estiva::engine
