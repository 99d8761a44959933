// SPDX-License-Identifier: Apache-2.0
// One layer on its way from a registry: a state between events, driven by fetch.cc's loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/registry/fetch.h"

namespace estiva::image {

class LayerFetch : public Receiver {
 public:
  enum class State {
    kQueued,
    kElsewhere,  // another command has it; look again at due_ms()
    kRunning,    // number() is under way
    kPaused,     // again at due_ms()
    kDone,
  };

  LayerFetch(FetchContext& context, const LayerWant& want);
  LayerFetch(const LayerFetch&) = delete;
  LayerFetch& operator=(const LayerFetch&) = delete;

  State state() const { return state_; }
  int number() const { return number_; }
  int64_t due_ms() const { return due_ms_; }  // monotonic
  const LayerRecord& record() const { return *record_; }

  // First: whether it is here already.
  void look();
  // Others go first.
  void wait_for_turn();
  // From kQueued, kElsewhere or kPaused on.
  Result<void> go_on();
  Result<void> finished(Outcome outcome);
  // Says so if it waits for a later attempt.
  void show_wait();

  Result<void> begin(const Response& response) override;
  Result<void> body(std::string_view bytes) override;

 private:
  Result<void> open();
  Result<void> ask();
  Result<void> send();
  Result<void> conclude(Result<Response> answer);
  Result<void> complete();
  Result<void> next_source(Error error);
  void done(LayerRecord record, Phase phase);
  void show(Phase phase, uint64_t current = 0);

  FetchContext& context_;
  LayerWant want_;
  State state_ = State::kQueued;
  std::optional<LayerDownload> download_;
  std::optional<Exchange> exchange_;
  std::optional<LayerRecord> record_;
  size_t source_ = 0;
  int number_ = -1;
  int64_t due_ms_ = 0;
  uint64_t shown_ = 0;
  bool waits_ = false;
  bool continued_ = false;  // it began with what an earlier command left
  bool whole_ = false;      // ranges did not work: ask for all of it
  bool ours_ = false;       // the error is the store's, no other source will help
};

}  // namespace estiva::image
