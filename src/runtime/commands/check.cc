// SPDX-License-Identifier: Apache-2.0
// estiva check: what stands against running a bundle here, without running it. Makes nothing.
#include "runtime/parent/check.h"

#include <algorithm>

#include "estiva/base/codec.h"
#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "runtime/commands/bundle.h"

namespace estiva {

// As JSON has them.
struct Report {
  std::string bundle;
  bool ok = false;
  std::vector<check::Finding> findings;
};

namespace check {
constexpr std::string_view kSeverityNames[] = {"error", "warning"};
constexpr std::span<const std::string_view> enum_names(Severity) { return kSeverityNames; }
}  // namespace check

template <>
std::span<const codec::Row> codec::rows<check::Finding>() {
  using F = check::Finding;
  static constexpr Row kRows[] = {
      row<&F::severity>("severity"), row<&F::kind>("kind"), row<&F::path>("path", kKeep),
      row<&F::message>("message"),   row<&F::hint>("hint"),
  };
  return kRows;
}

template <>
std::span<const codec::Row> codec::rows<Report>() {
  static constexpr Row kRows[] = {
      row<&Report::bundle>("bundle"),
      row<&Report::ok>("ok", kKeep),
      row<&Report::findings>("findings", kKeep),
  };
  return kRows;
}

namespace {

struct CheckOptions : BundleOptions {
  std::string format = "text";
  bool strict = false;
};

constexpr Option kCheckRows[] = {
    kBundleRow<CheckOptions>,
    kConfigRow<CheckOptions>,
    row_of<CheckOptions, &CheckOptions::format>(0, "format", "text|json",
                                                "form of the output; text if not given"),
    row_of<CheckOptions, &CheckOptions::strict>(0, "strict", nullptr, "end with 1 after a warning too"),
};

std::string line_of(const check::Finding& one) {
  return text::cat(check::kSeverityNames[static_cast<size_t>(one.severity)], ": ", text::printable(one.path),
                   one.path.empty() ? "" : ": ", one.message, one.hint.empty() ? "" : " (", one.hint,
                   one.hint.empty() ? "" : ")", "\n");
}

std::string to_text(const Report& report) {
  std::string out;
  for (const check::Finding& one : report.findings) out += line_of(one);
  return out;
}

[[gnu::cold]] Result<int> check_bundle(Invocation& in) {
  CheckOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kCheck, &given, in, 0, 1));
  if (!operands.empty()) given.bundle = operands[0];
  RunOptions options = TRY(run_options(given, "container"));
  options.detached = false;
  options.cgroups = TRY(wants_cgroups(in));
  constexpr size_t kMaxConfig = 16 << 20;
  const std::string text = TRY(files::read_all(FdView::cwd(), config_path(given, options), kMaxConfig));
  Report report{options.bundle, false, check::check_config(text, options)};
  const auto stands_against = [&](const check::Finding& one) {
    return given.strict || one.severity == check::Severity::kError;
  };
  report.ok = std::ranges::none_of(report.findings, stands_against);
  TRY(print(given.format == "json" ? codec::encode(report, true) : to_text(report)));
  return report.ok ? 0 : 1;
}

}  // namespace

const Command kCheck = {"check", "[BUNDLE]", "tell why a bundle would not run on this host", kCheckRows,
                        check_bundle};

}  // namespace estiva
