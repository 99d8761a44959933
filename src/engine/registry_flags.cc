// SPDX-License-Identifier: Apache-2.0
// From a command's options to a registry client.
#include "engine/registry_flags.h"

#include <algorithm>

#include "config.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}};

constexpr int64_t kLongest_ms = 7 * 24 * 3'600'000;

}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto value = text::number<uint32_t>(text.substr(0, digits));
  const auto unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  if (!value || unit == std::end(kUnits) || *value > kLongest_ms / unit->ms)
    return Error(Code::kInvalid, text::cat("takes a time as 500ms, 2s or 5m, not ", text::quote(text)));
  return *value * unit->ms;
}

Result<std::string> registry_host(const std::vector<std::string>& operands) {
  if (operands.empty()) return std::string(image::kDefaultHost);
  std::string_view text = operands[0];
  for (const std::string_view scheme : {"https://", "http://"})
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  const std::string host = text::lower(text.substr(0, text.find('/')));
  if (!image::is_registry_host(host))
    return Error::invalid(text::quote(operands[0]), "is no registry's host");
  return host == "index.docker.io" || host == "registry-1.docker.io" ? std::string(image::kDefaultHost)
                                                                     : host;
}

Result<std::unique_ptr<image::Client>> make_client(const RegistryFlags& flags) {
  image::ClientSettings settings;
  settings.retry.retries = flags.retries;
  settings.retry.first_ms =
      TRY(parse_duration(flags.retry_delay).context([] { return "option --retry-delay"; }));
  const int64_t timeout_ms = TRY(parse_duration(flags.timeout).context([] { return "option --timeout"; }));
  settings.http.stall_s = std::max<long>(static_cast<long>(timeout_ms / 1000), 1);
  settings.http.connect_s = std::min(settings.http.connect_s, settings.http.stall_s);
  settings.http.answer_s = 2 * settings.http.stall_s;
  settings.http.user_agent = text::cat("cais/", PACKAGE_VERSION);
  return image::Client::create(std::move(settings));
}

}  // namespace estiva::engine
