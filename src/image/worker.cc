// SPDX-License-Identifier: Apache-2.0
// The second thread of a pipeline, by pthreads: creating one may be refused, and then is an error like others.
#include "image/worker.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace estiva::image {

namespace {
constexpr size_t kPieces = 8;  // in flight; of 256 KiB each
}

struct Worker::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> full;
  std::vector<std::string> empty;
  bool ended = false;   // nothing more will come
  bool broken = false;  // the consumer answered with an error, or nobody waits any more
  Result<void> outcome;
  Consume consume;
  pthread_t thread{};
  bool joined = false;

  void loop() {
    for (;;) {
      std::string piece;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return !full.empty() || ended || broken; });
        if (broken || full.empty()) return;
        piece = std::move(full.front());
        full.pop_front();
      }
      Result<void> done = consume(piece);
      piece.clear();
      const std::unique_lock lock(mutex);
      empty.push_back(std::move(piece));
      if (!done.ok()) {
        outcome = std::move(done);
        broken = true;
      }
      changed.notify_all();
    }
  }

  void join() {
    if (joined) return;
    joined = true;
    pthread_join(thread, nullptr);
  }
};

Worker::Worker(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&&) noexcept = default;

Result<Worker> Worker::start(Consume consume) {
  auto shared = std::make_unique<Shared>();
  shared->consume = std::move(consume);
  const int error = pthread_create(
      &shared->thread, nullptr,
      [](void* argument) -> void* {
        static_cast<Shared*>(argument)->loop();
        return nullptr;
      },
      shared.get());
  if (error != 0) return Error::system("pthread_create", error);
  return Worker(std::move(shared));
}

Worker::~Worker() {
  if (!shared_) return;
  {
    const std::unique_lock lock(shared_->mutex);
    shared_->broken = true;
    shared_->changed.notify_all();
  }
  shared_->join();
}

Result<void> Worker::give(std::string& piece) {
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  shared.changed.wait(lock, [&] { return shared.full.size() < kPieces || shared.broken; });
  if (shared.broken) return std::exchange(shared.outcome, {});
  shared.full.push_back(std::move(piece));
  piece.clear();
  if (!shared.empty.empty()) {
    piece = std::move(shared.empty.back());
    shared.empty.pop_back();
  }
  shared.changed.notify_all();
  return {};
}

Result<void> Worker::finish() {
  {
    const std::unique_lock lock(shared_->mutex);
    shared_->ended = true;
    shared_->changed.notify_all();
  }
  shared_->join();
  return std::exchange(shared_->outcome, {});
}

}  // namespace estiva::image
