// SPDX-License-Identifier: Apache-2.0
// Layers from a registry into the store: the loop that drives them.
#include "image/registry/fetch.h"

#include <algorithm>
#include <memory>

#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "image/registry/layer_fetch.h"

namespace estiva::image {

namespace {

using State = LayerFetch::State;

constexpr int64_t kSecond_ms = 1000;  // countdowns are shown so often

class Loop {
 public:
  Loop(FetchContext& context, const FetchOptions& options) : context_(context), options_(options) {}
  ~Loop() {
    for (const auto& layer : layers_)
      if (layer->state() == State::kRunning) context_.client.http().cancel(layer->number());
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // A layer may stand in an image more than once.
  LayerFetch* add(const LayerWant& want) {
    const auto known =
        std::ranges::find(wants_, want.blob.digest, [](const LayerWant& one) { return one.blob.digest; });
    if (known != wants_.end()) return layers_[static_cast<size_t>(known - wants_.begin())].get();
    wants_.push_back(want);
    layers_.push_back(std::make_unique<LayerFetch>(context_, want));
    layers_.back()->look();
    return layers_.back().get();
  }

  Result<void> run() {
    for (;;) {
      TRY(start_due());
      if (std::ranges::all_of(layers_, [](const auto& layer) { return layer->state() == State::kDone; }))
        return {};
      std::optional<Http::Finished> finished = context_.client.http().wait(time_to_wait());
      if (!finished) continue;
      for (const auto& layer : layers_) {
        if (layer->state() != State::kRunning || layer->number() != finished->number) continue;
        TRY(layer->finished(std::move(finished->outcome)));
        break;
      }
    }
  }

 private:
  // Those that another command fetches, and those that are paused, keep their place: their turn comes soon.
  Result<void> start_due() {
    const auto under_way = [](const auto& layer) {
      return layer->state() != State::kQueued && layer->state() != State::kDone;
    };
    auto active = static_cast<unsigned>(std::ranges::count_if(layers_, under_way));
    for (const auto& layer : layers_) {
      if (layer->state() == State::kQueued) {
        if (active >= options_.parallel) {
          layer->wait_for_turn();
          continue;
        }
        TRY(layer->go_on());
        if (layer->state() != State::kDone) ++active;
      } else if (under_way(layer) && layer->state() != State::kRunning) {
        layer->show_wait();
        if (layer->due_ms() <= monotonic_ms()) TRY(layer->go_on());
      }
    }
    return {};
  }

  int time_to_wait() const {
    int64_t wait = 10 * kSecond_ms;
    for (const auto& layer : layers_) {
      if (layer->state() == State::kPaused) wait = std::min(wait, kSecond_ms);
      if (layer->state() == State::kPaused || layer->state() == State::kElsewhere)
        wait = std::min(wait, layer->due_ms() - monotonic_ms());
    }
    return static_cast<int>(std::max<int64_t>(wait, 0));
  }

  FetchContext& context_;
  FetchOptions options_;
  std::vector<LayerWant> wants_;
  std::vector<std::unique_ptr<LayerFetch>> layers_;
};

}  // namespace

Result<std::vector<LayerRecord>> fetch_layers(FetchContext context, const std::vector<LayerWant>& wants,
                                              const FetchOptions& options) {
  Loop loop(context, options);
  std::vector<LayerFetch*> layers;
  layers.reserve(wants.size());
  for (const LayerWant& want : wants) layers.push_back(loop.add(want));
  TRY(loop.run());
  std::vector<LayerRecord> records;
  records.reserve(layers.size());
  for (const LayerFetch* layer : layers) records.push_back(layer->record());
  return records;
}

Result<std::string> fetch_blob(Registry& registry, const Descriptor& blob, size_t limit) {
  const std::string name = text::cat(registry.endpoint().name(), ": blob ", blob.digest.short_hex());
  if (blob.size < 0 || static_cast<uint64_t>(blob.size) > limit)
    return Error(Code::kInvalid,
                 text::cat("has ", blob.size, " bytes, more than the ", limit, " that are read"))
        .context(name);
  Ask ask = registry.ask(text::cat("blobs/", blob.digest.to_string()));
  ask.body_limit = blob.size > 0 ? static_cast<size_t>(blob.size) : limit;
  Response response = TRY(registry.run(std::move(ask)).context([&] { return name; }));
  if (response.status != 200) return refusal(registry, response, text::cat("blob ", blob.digest.short_hex()));
  const Digest digest = digest_of(response.body, blob.digest.algorithm());
  if (digest != blob.digest) {
    return Error(Code::kInvalid,
                 text::cat("its digest is ", digest.to_string(), ", not ", blob.digest.to_string()))
        .context(name);
  }
  return std::move(response.body);
}

}  // namespace estiva::image
