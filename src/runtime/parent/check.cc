// SPDX-License-Identifier: Apache-2.0
// Plans again and again, each time without what was refused, until nothing is.
#include "runtime/parent/check.h"

#include <algorithm>
#include <set>

#include "estiva/base/codec.h"
#include "estiva/base/text.h"
#include "estiva/spec/lint.h"
#include "runtime/parent/host.h"

namespace estiva::check {

namespace {

constexpr size_t kMaxRounds = 200;

// What stands for a value that the process can't be without, so that the rest of the process is looked at.
constexpr struct {
  std::string_view object, name, json;
} kStandIns[] = {{"/process", "cwd", "\"/\""}, {"/process", "args", "[\"/\"]"}};

// A document of which some values are left out; pointers are those of the whole.
class Reduced {
 public:
  explicit Reduced(const json::Document& whole) : whole_(whole) {}

  std::string text() const {
    std::string out;
    json::Writer writer(out);
    write(writer, whole_.root(), "");
    return out;
  }

  struct Place {
    std::string pointer;  // in the whole document
    std::string there;    // what to do without: it, or as much of the pointer as the document has
  };
  Place find(const std::string& pointer) const {
    Place place;
    const json::Node* node = &whole_.root();
    const std::vector<std::string> parts = text::split(pointer, '/');
    for (size_t i = 1; i < parts.size(); ++i) {
      if (node != nullptr) node = child(*node, place.there, parts[i]);
      const std::string part = node != nullptr ? name_ : parts[i];
      place.pointer += text::cat("/", part);
      if (node != nullptr) place.there = place.pointer;
    }
    for (const auto& [object, name, json] : kStandIns) {
      const std::string one = text::cat(object, "/", name);
      if (place.pointer == one || place.pointer.starts_with(one + "/")) place.there = one;
    }
    return place;
  }

  // False: the document does not exist without it.
  bool leave_out(const std::string& pointer) {
    constexpr std::string_view kNeeded[] = {"", "/ociVersion", "/root", "/root/path"};
    if (std::ranges::find(kNeeded, pointer) != std::end(kNeeded)) return false;
    return out_.insert(pointer).second;
  }

  // What is wrong with a part of what was left out, or with what it was a part of, follows from that.
  bool is_about_left_out(const std::string& pointer) const {
    return std::ranges::any_of(out_, [&](const std::string& one) {
      return one.starts_with(pointer + "/") || pointer.starts_with(one + "/") || one == pointer;
    });
  }

 private:
  // "/NAME" or "/INDEX"
  static std::string name_of(const json::Node& container, const json::Node& one, size_t index) {
    const codec::Path top;
    return (container.type == json::Type::kArray ? top.element(index) : top.member(one.key)).pointer();
  }

  // `part` counts only the elements that are left; its true name is then in name_.
  const json::Node* child(const json::Node& node, const std::string& pointer, const std::string& part) const {
    const auto wanted = node.type == json::Type::kArray ? text::number<size_t>(part) : std::nullopt;
    size_t index = 0, left = 0;
    for (const json::Node& one : node.children()) {
      name_ = name_of(node, one, index++).substr(1);
      if (out_.contains(text::cat(pointer, "/", name_))) continue;
      if (wanted ? left++ == *wanted : name_ == part) return &one;
    }
    return nullptr;
  }

  void write(json::Writer& writer, const json::Node& node, const std::string& pointer) const {
    const bool array = node.type == json::Type::kArray;
    if (!array && node.type != json::Type::kObject) return writer.node(node);
    array ? writer.begin_array() : writer.begin_object();
    size_t index = 0;
    for (const json::Node& one : node.children()) {
      const std::string below = pointer + name_of(node, one, index++);
      if (out_.contains(below)) continue;
      if (!array) writer.key(one.key);
      write(writer, one, below);
    }
    for (const auto& [object, name, json] : kStandIns) {
      if (array || object != pointer || !out_.contains(text::cat(object, "/", name))) continue;
      writer.key(name);
      writer.raw(json);
    }
    array ? writer.end_array() : writer.end_object();
  }

  const json::Document& whole_;
  std::set<std::string> out_;
  mutable std::string name_;
};

Finding finding_of(const Error& error) {
  const ErrorParts& parts = error.parts();
  Finding finding;
  finding.kind = error.code() == Code::kInvalid ? "invalid" : "unsupported";
  if (parts.object.starts_with('/')) {
    finding.path = parts.object;
    finding.message = Error::from_parts([&] {
                        ErrorParts rest = parts;
                        rest.object.clear();
                        rest.hint.clear();
                        return rest;
                      }())
                          .to_string();
    finding.hint = parts.hint;
  } else {
    finding.message = error.to_string();
  }
  return finding;
}

// "/a/b: says" of the plan's warnings.
Finding finding_of(const std::string& warning) {
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.kind = "ignored";
  const size_t end = warning.starts_with('/') ? warning.find(": ") : std::string::npos;
  finding.path = end == std::string::npos ? "" : warning.substr(0, end);
  finding.message = end == std::string::npos ? warning : warning.substr(end + 2);
  return finding;
}

Finding finding_of(const spec::OddProperty& odd) {
  using spec::Oddity;
  static constexpr struct {
    Oddity what;
    const char *kind, *message;
  } kWords[] = {
      {Oddity::kUnknown, "unknown", "is no property of the specification, it is ignored"},
      {Oddity::kOtherPlatform, "other-platform", "is for another platform, it is ignored"},
      {Oddity::kRemoved, "removed", "is no longer in the specification, it is ignored"},
      {Oddity::kDeprecated, "deprecated", "is deprecated"},
      {Oddity::kTwice, "twice", "stands there again, the last one counts"},
  };
  const auto& words = *std::ranges::find(kWords, odd.what, [](const auto& one) { return one.what; });
  const std::string hint = odd.similar.empty() ? "" : text::cat("did you mean ", odd.similar, "?");
  return {Severity::kWarning, words.kind, odd.pointer, words.message, hint};
}

Result<Plan> plan_text(const std::string& text, const RunOptions& options) {
  const spec::Spec spec = TRY(spec::load_config(text));
  return make_plan(spec, TRY(gather_host_facts(spec)), options);
}

}  // namespace

void probe_host(const Plan& plan, std::vector<Finding>& found) {
  probe_files(plan, found);
  probe_kernel(plan, found);
}

std::vector<Finding> check_config(const std::string& text, const RunOptions& options) {
  const Result<json::Document> document = json::Document::parse(text);
  if (!document.ok()) return {{Severity::kError, "json", "", document.error().to_string(), ""}};
  std::vector<Finding> found;
  for (const spec::OddProperty& odd : spec::find_odd_properties(document.value()))
    found.push_back(finding_of(odd));
  Reduced reduced(document.value());
  for (size_t round = 0; round < kMaxRounds; ++round) {
    const Result<Plan> plan = plan_text(reduced.text(), options);
    if (plan.ok()) {
      std::vector<Finding> more;
      for (const std::string& warning : plan.value().warnings) more.push_back(finding_of(warning));
      probe_host(plan.value(), more);
      for (Finding& one : more) {
        one.path = reduced.find(one.path).pointer;
        if (one.path.empty() || !reduced.is_about_left_out(one.path)) found.push_back(std::move(one));
      }
      break;
    }
    Finding finding = finding_of(plan.error());
    const Reduced::Place place = reduced.find(finding.path);
    finding.path = place.pointer;
    if (!reduced.is_about_left_out(place.pointer)) found.push_back(std::move(finding));
    if (!reduced.leave_out(place.there)) break;
  }
  return found;
}

}  // namespace estiva::check
