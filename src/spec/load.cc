// SPDX-License-Identifier: Apache-2.0
// The OCI documents from and to text.
#include "rows.h"

namespace estiva::spec {

Result<Spec> load_config(std::string_view text) { return codec::decode<Spec>(text); }
Result<Process> load_process(std::string_view text) { return codec::decode<Process>(text); }
Result<Resources> load_resources(std::string_view text) { return codec::decode<Resources>(text); }
Result<std::vector<Mount>> load_mounts(std::string_view text) {
  return codec::decode<std::vector<Mount>>(text);
}
Result<State> load_state(std::string_view text) { return codec::decode<State>(text); }
Result<Features> load_features(std::string_view text) { return codec::decode<Features>(text); }

std::string to_json(const Spec& spec, Style style) { return codec::encode(spec, style == Style::kPretty); }
std::string to_json(const State& state, Style style) { return codec::encode(state, style == Style::kPretty); }
std::string to_json(const ContainerProcessState& state, Style style) {
  return codec::encode(state, style == Style::kPretty);
}
std::string to_json(const Features& features, Style style) {
  return codec::encode(features, style == Style::kPretty);
}

}  // namespace estiva::spec
