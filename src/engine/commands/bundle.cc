// SPDX-License-Identifier: Apache-2.0
// cais bundle, unbundle, mount: directories that any OCI runtime can start.
#include "image/bundle/bundle.h"

#include "engine/pull_image.h"
#include "image/formats/source.h"

namespace estiva::engine {

namespace {

struct BundleFlags : ProvideFlags {
  bool unpack = false;
};
constexpr Option kBundleRows[] = {
    options::row<&BundleFlags::unpack>(0, "unpack", nullptr, "unpack the files into rootfs; mount nothing"),
    pull_rows::kPull,
    pull_rows::kPlatform,
    pull_rows::kQuiet,
    pull_rows::kProgress,
    pull_rows::kParallel,
    registry_rows::kRetry,
    registry_rows::kRetryDelay,
    registry_rows::kTimeout,
};

Result<int> bundle(Invocation& in) {
  BundleFlags given;
  const std::vector<std::string> operands = TRY(parse_operands(kBundle, &given, in, 2, 2));
  const image::Store store = TRY(open_store(in));
  image::Session session = TRY(image::Session::begin(store));
  if (!image::is_place(operands[0])) TRY(provide_image(in, session, operands[0], given));
  const image::Tier best = TRY(tier(in, store));
  TRY(image::make_bundle(store, {operands[0], operands[1], best, given.unpack}));
  TRY(session.sync());
  return 0;
}

Result<int> unbundle(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kUnbundle, nullptr, in, 1, SIZE_MAX));
  const image::Store store = TRY(open_store(in));
  for (const std::string& operand : operands) TRY(image::remove_bundle(store, operand));
  return 0;
}

Result<int> mount(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kMount, nullptr, in, 1, SIZE_MAX));
  const image::Store store = TRY(open_store(in));
  for (const std::string& operand : operands) TRY(image::mount_bundle(store, operand));
  return 0;
}

}  // namespace

static constexpr const char* kBundleExamples =
    "  cais bundle debian:12 bundle\n"
    "  estiva run --bundle bundle web\n";
const Command kBundle = {"bundle", "IMAGE DIR",    "make a bundle from an image", kBundleRows, bundle,
                         false,    kBundleExamples};
const Command kUnbundle = {"unbundle", "DIR...", "remove bundles and what was written in them", {}, unbundle};
const Command kMount = {"mount", "DIR...", "mount bundles again after a boot", {}, mount};

}  // namespace estiva::engine
