// The model that is served, and the state of the server that all connections share.
#pragma once

#include <asterism/generate/any_model.hpp>
#include <asterism/generate/scheduler.hpp>
#include <asterism/observe/timeline.hpp>
#include <asterism/serve/error.hpp>
#include <asterism/serve/request.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "access.hpp"
#include "activity.hpp"
#include "metrics.hpp"
#include "settings.hpp"

namespace example {

/// A loaded model with the thread that answers. Neither copied nor moved.
struct ServedModel {
  /// Some tens of seconds of a large model, in 2.5 MiB.
  static constexpr std::size_t spans = std::size_t{1} << 16U;

  AnyModel model;
  Metrics metrics;
  Activity activity;
  std::shared_ptr<observe::Timeline> timeline = std::make_shared<observe::Timeline>(spans);
  Scheduler scheduler;

  ServedModel(AnyModel loaded, const Settings& settings)
      : model(std::move(loaded)),
        scheduler(model.batch(static_cast<std::size_t>(model.limits().batch),
                              {.grouped_answers = settings.group_answers}),
                  static_cast<std::size_t>(model.limits().prefill_chunk),
                  {.waiting = settings.waiting,
                   .pass_target = std::chrono::milliseconds(settings.pass_milliseconds),
                   .passed = [this](double seconds) {
                     const residency::SlotCounts slots = model.slot_counts();
                     metrics.passed(seconds, slots);
                     activity.passed(seconds, slots);
                   }}) {
    model.set_timeline(timeline);
  }
  ServedModel(const ServedModel&) = delete;
  ServedModel& operator=(const ServedModel&) = delete;
};

/// Used by the thread of the sockets alone.
struct ServerState {
  const Settings& settings;
  Keys keys;
  std::string model_name;
  std::int64_t created = 0;               ///< seconds since 1970
  std::unique_ptr<ServedModel> served{};  ///< null while it is loaded
  bool draining = false;
  std::size_t connections = 0;
  std::size_t answering = 0;  ///< connections with a request that is not answered yet
  std::mt19937_64 random{std::random_device{}()};
  boost::asio::io_context io{1};  ///< goes first, with the connections, which use the rest
  /// Makes long texts, so that streams go on meanwhile. It ends before all that its work uses.
  boost::asio::thread_pool writer{1};

  bool ready() const { return served != nullptr && !draining; }
  /// What can be looked at: also while it drains. Throws ApiError of status 503 while it is loaded.
  ServedModel& loaded() const {
    if (!served) throw serve::ApiError(503, "", "loading", "the model is being loaded; try again later");
    return *served;
  }
  /// Throws ApiError of status 503 unless it is ready.
  ServedModel& model() const {
    if (draining) throw serve::ApiError(503, "", "draining", "the server is about to end and takes nothing new");
    return loaded();
  }
  /// 16 hexadecimal digits.
  std::string new_id() {
    std::string id;
    for (std::uint64_t bits = random(), i = 0; i < 16; ++i, bits >>= 4U) id += "0123456789abcdef"[bits & 15U];
    return id;
  }
  serve::RequestLimits request_limits() const {
    return {.choices = settings.choices, .vocabulary = model().model.shape().vocabulary};
  }
};

}  // namespace example
