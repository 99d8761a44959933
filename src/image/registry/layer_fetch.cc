// SPDX-License-Identifier: Apache-2.0
// One layer on its way from a registry.
#include "image/registry/layer_fetch.h"

#include <algorithm>

#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::image {

namespace {

constexpr int64_t kLookAgain_ms = 200;
constexpr uint64_t kShowEvery = 64 * 1024;  // bytes; who shows it limits further
// Of a layer whose size nobody told.
constexpr uint64_t kMaxUnknown = uint64_t{64} << 30;

}  // namespace

Result<bool> check_partial(const Response& response, uint64_t offset, uint64_t size) {
  uint64_t first = 0;
  if (response.status == 206) {
    const auto range = parse_content_range(response.find("content-range"));
    if (!range) return Error(Code::kInvalid, "sends a part and does not say which");
    if (range->first != offset) {
      return Error(Code::kInvalid,
                   text::cat("sends bytes from ", range->first, " on where ", offset, " were asked for"));
    }
    if (size != 0 && range->size && *range->size != size)
      return Error(Code::kInvalid, text::cat("says that the blob has ", *range->size, " bytes, not ", size));
    first = offset;
  } else if (response.status != 200) {
    return Error(Code::kInvalid, text::cat("sends a blob with status ", response.status));
  }
  const std::string_view told = response.find("content-length");
  if (size == 0 || told.empty()) return first > 0;
  if (text::number<uint64_t>(told) != size - first)
    return Error(Code::kInvalid,
                 text::cat("announces ", text::printable(told), " bytes where ", size - first, " are due"));
  return first > 0;
}

LayerFetch::LayerFetch(FetchContext& context, const LayerWant& want) : context_(context), want_(want) {}

// A layer that is here and damaged is removed by the question, and comes anew.
void LayerFetch::look() {
  if (!want_.diff_id.empty()) {
    Result<std::optional<LayerRecord>> there = context_.session.use_layer(want_.diff_id);
    if (!there.ok()) {
      context_.watcher.warn(there.error().to_string());
    } else if (there.value()) {
      return done(std::move(*there.value()), Phase::kExists);
    }
  }
  show(Phase::kQueued);
}

void LayerFetch::wait_for_turn() {
  if (!std::exchange(waits_, true)) show(Phase::kWaiting);
}

void LayerFetch::show(Phase phase, uint64_t current) {
  context_.watcher.show(
      {want_.blob.digest.short_hex(), phase, current, static_cast<uint64_t>(want_.blob.size), ""});
}

void LayerFetch::show_wait() {
  if (state_ != State::kPaused) return;
  const int64_t left = std::max<int64_t>(due_ms_ - monotonic_ms(), 0);
  context_.watcher.show({want_.blob.digest.short_hex(), Phase::kRetrying,
                         static_cast<uint64_t>((left + 999) / 1000), 0,
                         exchange_ ? exchange_->trouble() : ""});
}

void LayerFetch::done(LayerRecord record, Phase phase) {
  record_ = std::move(record);
  download_.reset();
  exchange_.reset();
  state_ = State::kDone;
  show(phase);
}

Result<void> LayerFetch::open() {
  download_.reset();
  const Session::Layer layer = TRY(context_.session.try_layer(want_.blob, want_.diff_id, download_));
  switch (layer) {
    case Session::Layer::kThere: {
      const Digest& diff_id = want_.diff_id;
      std::optional<LayerRecord> there = TRY(context_.session.use_layer(diff_id));
      if (!there) return Error(Code::kInternal, "the layer has gone").object(diff_id.to_string());
      done(std::move(*there), state_ == State::kQueued ? Phase::kExists : Phase::kPulled);
      return {};
    }
    case Session::Layer::kElsewhere:
      state_ = State::kElsewhere;
      due_ms_ = monotonic_ms() + kLookAgain_ms;
      show(Phase::kDownloading, context_.session.arrived(want_.blob.digest));
      return {};
    case Session::Layer::kOurs:
      continued_ = download_->offset() > 0;
      return ask();
  }
  return {};
}

Result<void> LayerFetch::ask() {
  Registry* registry = TRY(context_.client.open(context_.sources[source_]));
  Ask ask = registry->ask(text::cat("blobs/", want_.blob.digest.to_string()));
  ask.receiver = this;
  ask.received = [this] { return download_ ? download_->offset() : 0; };
  ask.prepare = [this](Request& request) {
    if (download_->offset() > 0 && !whole_)
      request.headers.push_back(text::cat("Range: bytes=", download_->offset(), "-"));
  };
  exchange_.emplace(context_.client.manners(), std::move(ask), registry->reached());
  // All that there is came before the last command was stopped.
  if (want_.blob.size > 0 && download_->offset() == static_cast<uint64_t>(want_.blob.size)) return complete();
  return send();
}

Result<void> LayerFetch::send() {
  const Request request = TRY(exchange_->next());
  number_ = TRY(context_.client.http().start(request));
  state_ = State::kRunning;
  return {};
}

Result<void> LayerFetch::go_on() {
  switch (state_) {
    case State::kQueued:
    case State::kElsewhere:
      return open();
    case State::kPaused:
      return send();
    default:
      return {};
  }
}

Result<void> LayerFetch::begin(const Response& response) {
  const bool goes_on =
      TRY(check_partial(response, download_->offset(), static_cast<uint64_t>(want_.blob.size)));
  if (!goes_on && download_->offset() > 0) {
    ours_ = true;
    TRY(download_->restart());
    ours_ = false;
    continued_ = false;
  }
  return {};
}

Result<void> LayerFetch::body(std::string_view bytes) {
  const uint64_t limit = want_.blob.size > 0 ? static_cast<uint64_t>(want_.blob.size) : kMaxUnknown;
  if (bytes.size() > limit - std::min(download_->offset(), limit))
    return Error(Code::kInvalid, text::cat("sends more than the ", limit, " bytes that it has"));
  const Result<void> written = download_->write(bytes);
  if (!written.ok()) {
    ours_ = written.error().errnum() != 0;  // a full disk; not: a damaged layer
    return Error::from_parts(written.error().parts());
  }
  if (download_->offset() - shown_ >= kShowEvery || download_->offset() < shown_) {
    shown_ = download_->offset();
    show(Phase::kDownloading, shown_);
  }
  return {};
}

Result<void> LayerFetch::finished(Outcome outcome) {
  const bool body_came = outcome.response.ok() && outcome.response.value().status / 100 == 2;
  // A server that closes early without having said how much there is looks as if it were done.
  if (body_came && want_.blob.size > 0 && download_->offset() < static_cast<uint64_t>(want_.blob.size)) {
    outcome = {Error(Code::kSystem, text::cat(exchange_->at().authority(), ": ended after ",
                                              download_->offset(), " of ", want_.blob.size, " bytes")),
               true, true};
  }
  switch (exchange_->took(std::move(outcome))) {
    case Exchange::Step::kAgain:
      return send();
    case Exchange::Step::kWait:
      state_ = State::kPaused;
      due_ms_ = monotonic_ms() + exchange_->wait_ms();
      show_wait();
      return {};
    case Exchange::Step::kDone:
      return conclude(std::move(*exchange_).answer());
  }
  return {};
}

Result<void> LayerFetch::conclude(Result<Response> answer) {
  const std::string name = text::cat("layer ", want_.blob.digest.short_hex());
  if (answer.ok() && answer.value().status / 100 == 2) return complete();
  if (ours_) return std::move(answer).error().context(name);
  const bool range_refused = answer.ok() && answer.value().status == 416;
  if ((range_refused || !answer.ok()) && download_ && download_->offset() > 0 && !whole_) {
    // It may be the resuming that it can't do.
    whole_ = true;
    TRY(download_->restart());
    return ask();
  }
  if (!answer.ok()) return next_source(std::move(answer).error().context(name));
  Registry* registry = TRY(context_.client.open(context_.sources[source_]));
  return next_source(refusal(*registry, answer.value(), name));
}

Result<void> LayerFetch::complete() {
  show(Phase::kVerifying);
  Result<LayerRecord> finished = download_->finish();
  if (finished.ok()) {
    done(std::move(finished).value(), Phase::kPulled);
    return {};
  }
  const bool system = finished.error().errnum() != 0;
  Error error = std::move(finished).error().context(text::cat("layer ", want_.blob.digest.short_hex()));
  if (system) return error;
  if (!continued_) return next_source(std::move(error));
  continued_ = false;  // what the earlier command left was at fault, perhaps
  state_ = State::kPaused;
  return open();
}

Result<void> LayerFetch::next_source(Error error) {
  if (source_ + 1 >= context_.sources.size()) return error;
  // That a mirror lacks it is no news.
  if (error.code() != Code::kNotFound) context_.watcher.warn(error.to_string());
  ++source_;
  whole_ = false;
  return open();
}

}  // namespace estiva::image
