// SPDX-License-Identifier: Apache-2.0
// Detach keys.
#include "engine/shim/detach_keys.h"

#include <utility>

#include "estiva/base/text.h"

namespace estiva::engine {

Result<DetachKeys> DetachKeys::parse(const std::string& text) {
  constexpr std::string_view kCtrl = "ctrl-", kOthers = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
  DetachKeys out;
  if (text.empty()) return out;
  for (const std::string& key : text::split(text, ',')) {
    const size_t code = key.size() == kCtrl.size() + 1 ? kOthers.find(key.back()) : kOthers.npos;
    if (key.size() == 1) {
      out.keys_ += key;
    } else if (key.starts_with(kCtrl) && code != kOthers.npos) {
      out.keys_ += static_cast<char>(code);
    } else {
      return Error::invalid(text::cat("option --detach-keys ", text::quote(text)),
                            "is no list of single characters and ctrl-X");
    }
  }
  return out;
}

DetachKeys::Typed DetachKeys::type(std::string_view bytes) {
  Typed out;
  for (const char byte : bytes) {
    if (!keys_.empty() && byte == keys_[matched_]) {
      if (++matched_ == keys_.size()) {
        matched_ = 0;
        out.detach = true;
        return out;
      }
      continue;
    }
    out.pass += release();
    if (!keys_.empty() && byte == keys_[0]) {
      matched_ = 1;
      if (keys_.size() > 1) continue;
    }
    out.pass += byte;
  }
  return out;
}

std::string DetachKeys::release() { return keys_.substr(0, std::exchange(matched_, 0)); }

}  // namespace estiva::engine
