// SPDX-License-Identifier: Apache-2.0
// The keys that leave a container: held back while they may be the beginning of the sequence, passed on when they are
// not, or when the next one takes too long. Pure.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva::engine {

class DetachKeys {
 public:
  // "ctrl-p,ctrl-q", "a,b"; empty: there are none.
  static Result<DetachKeys> parse(const std::string& text);

  struct Typed {
    std::string pass;  // for the container
    bool detach = false;
  };
  Typed type(std::string_view bytes);
  // Something is held back; after kHold it is passed on.
  bool holds() const { return matched_ > 0; }
  std::string release();
  static constexpr int kHold = 400;  // milliseconds

 private:
  std::string keys_;
  size_t matched_ = 0;
};

inline constexpr char kDefaultDetachKeys[] = "ctrl-p,ctrl-q";

}  // namespace estiva::engine
