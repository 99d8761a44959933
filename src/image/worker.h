// SPDX-License-Identifier: Apache-2.0
// Worker: a second thread that consumes pieces of a stream in their order while the first goes on producing them.
// The only place in the project with threads. The pieces in flight are bounded, and so is their memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva::image {

class Worker {
 public:
  // Called on the worker's thread, piece by piece, until it answers with an error.
  using Consume = std::function<Result<void>(std::string_view piece)>;
  static Result<Worker> start(Consume consume);

  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;
  // Waits for the thread; pieces not yet begun are dropped.
  ~Worker();

  // Gives the piece away and makes `piece` an empty string to fill. Waits while the worker is behind. The consumer's
  // error is returned once, by this or by finish().
  Result<void> give(std::string& piece);
  // Waits until everything is consumed.
  Result<void> finish();

 private:
  struct Shared;
  explicit Worker(std::unique_ptr<Shared> shared);
  std::unique_ptr<Shared> shared_;
};

}  // namespace estiva::image
