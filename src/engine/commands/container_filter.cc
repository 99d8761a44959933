// SPDX-License-Identifier: Apache-2.0
// The names of filters, each once.
#include "engine/commands/container_filter.h"

#include <algorithm>
#include <iterator>

#include "engine/commands/containers.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr char kStates[] = "created|restarting|running|removing|paused|exited|dead";

// Its policy brings it back after a boot; one that was never started has none yet.
bool starts_on_boot(const Listed& each) {
  using Kind = RestartPolicy::Kind;
  const Condition condition = each.status.condition;
  if (condition == Condition::kCreated || condition == Condition::kStarting) return false;
  const Result<RestartPolicy> policy = parse_restart(each.record.options.restart);
  const Kind kind = policy.ok() ? policy.value().kind : Kind::kNo;
  return kind == Kind::kAlways || (kind == Kind::kUnlessStopped && !each.record.stopped_by_user);
}

std::string policy_name(const ContainerRecord& record) {
  const std::string& policy = record.options.restart;
  return policy.empty() ? "no" : policy.substr(0, policy.find(':'));
}

struct FilterKey {
  std::string_view name;
  const char* values;  // there are no others; null: any
  bool (*matches)(const Listed& each, const std::string& value);
  bool about_the_end = false;
};
constexpr FilterKey kKeys[] = {
    {"id", nullptr,
     [](const Listed& each, const std::string& value) { return each.record.id.starts_with(value); }},
    {"name", nullptr,
     [](const Listed& each, const std::string& value) { return each.record.name.find(value) != value.npos; }},
    {"status", kStates,
     [](const Listed& each, const std::string& value) { return name_of(each.status.condition) == value; },
     true},
    {"label", nullptr,
     [](const Listed& each, const std::string& value) { return has_label(each.record, value); }},
    {"ancestor", nullptr,
     [](const Listed& each, const std::string& value) {
       return each.record.image == value || each.record.image_id.find(value) != value.npos;
     }},
    {"exited", nullptr,
     [](const Listed& each, const std::string& value) {
       return each.status.condition == Condition::kExited && text::cat(each.status.exit.code) == value;
     },
     true},
    {"restart-policy", "no|always|on-failure|unless-stopped",
     [](const Listed& each, const std::string& value) { return policy_name(each.record) == value; }},
    {"should-start-on-boot", "true|false",
     [](const Listed& each, const std::string& value) { return starts_on_boot(each) == (value == "true"); }},
};
constexpr std::string_view kLabel = "label";

}  // namespace

Result<ContainerFilter> ContainerFilter::parse(const Strings& given) {
  ContainerFilter out;
  for (const std::string& each : given) {
    const size_t equals = each.find('=');
    const std::string name = each.substr(0, equals),
                      value = equals == each.npos ? "" : each.substr(equals + 1);
    const auto* key = std::ranges::find(kKeys, name, &FilterKey::name);
    if (key == std::end(kKeys))
      return Error(Code::kInvalid, text::cat("is none of ", kContainerFilterHelp))
          .object(text::cat("filter ", text::quote(name)));
    const Strings values = text::split(key->values == nullptr ? "" : key->values, '|');
    if (key->values != nullptr && std::ranges::find(values, value) == values.end())
      return Error(Code::kInvalid, text::cat("is none of ", text::join(values, ", ")))
          .object(text::cat("filter ", text::quote(each)));
    out.wanted_.push_back({static_cast<size_t>(key - kKeys), value});
  }
  return out;
}

bool ContainerFilter::takes(const Listed& each) const {
  const auto matches = [&](const Wanted& wanted) { return kKeys[wanted.key].matches(each, wanted.value); };
  return std::ranges::all_of(wanted_, [&](const Wanted& wanted) {
    if (matches(wanted)) return true;
    return kKeys[wanted.key].name != kLabel && std::ranges::any_of(wanted_, [&](const Wanted& other) {
             return other.key == wanted.key && matches(other);
           });
  });
}

bool ContainerFilter::is_about_the_end() const {
  return std::ranges::any_of(wanted_, [](const Wanted& wanted) { return kKeys[wanted.key].about_the_end; });
}

bool has_label(const ContainerRecord& record, const std::string& wanted) {
  const size_t equals = wanted.find('=');
  const auto found = record.labels.find(wanted.substr(0, equals));
  return found != record.labels.end() &&
         (equals == wanted.npos || found->second == wanted.substr(equals + 1));
}

}  // namespace estiva::engine
