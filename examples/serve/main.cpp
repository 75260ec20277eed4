// Serves a checkpoint by OpenAI's API: one thread for all sockets, one that answers.
#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress.hpp>
#include <asterism/generate/expert_grouping.hpp>
#include <asterism/generate/load_options.hpp>
#include <asterism/generate/variant.hpp>
#include <asterism/machine/machine.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"
#include "log.hpp"
#include "server.hpp"
#include "settings.hpp"

namespace example {

const Variant& variant_of(const Settings& settings) {
  if (settings.offload || !settings.experts.empty()) return offload_variant();
  if (settings.quantization == "int8") return int8_variant();
  if (settings.quantization == "gguf") return gguf_variant();
  return settings.quantization == "bfloat16" ? bfloat16_variant() : nf4_variant();
}

/// Throws where the checkpoint can't be served, before gigabytes are read.
LoadOptions planned(const Settings& settings, const Variant& variant) {
  LoadOptions options;
  if (!settings.machine.empty()) {
    options.machine = of_option([&] { return parse_machine(settings.machine); });
  }
  const Shape shape = variant.plan_load(settings.checkpoint, {}).config.shape;
  options.limits = chosen_limits(settings.limits, variant.limits, shape);
  options.limits->batch = settings.rows;
  if (settings.group_answers > 0) {  // says before the load what the batch would say after it
    const auto chunk = static_cast<std::size_t>(options.limits->prefill_chunk);
    of_option([&] {
      return generate::ExpertGrouping(static_cast<std::size_t>(settings.rows),
                                      std::min(settings.group_answers, chunk));
    });
  }
  options.experts = settings.experts;
  check_answerable(settings.checkpoint, false);
  generate::check_fits(variant.plan_load(settings.checkpoint, options), settings.checkpoint);
  return options;
}

std::string name_of_folder(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::canonical(folder);
  return path.filename().string();
}

/// So many open files, as far as the system lets this process have them; says where it does not.
void allow_descriptors(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    log_line({{"event", "few_descriptors"}, {"open_files", limit.rlim_cur}, {"wanted", wanted}});
  }
}

int serve_until_told(const Settings& settings, const Interrupt& interrupt) {
  const Variant& variant = variant_of(settings);
  LoadOptions options = planned(settings, variant);
  ProgressSink silence;
  InterruptibleProgress progress(silence, interrupt);
  options.progress = &progress;

  ServerState state{
      .settings = settings,
      .keys = settings.keys.empty() ? Keys() : Keys(settings.keys),
      .model_name = settings.model_name.empty() ? name_of_folder(settings.checkpoint) : settings.model_name,
      .created = static_cast<std::int64_t>(seconds_since_1970())};
  boost::asio::io_context& io = state.io;
  Server server(state);
  log_line({{"event", "listening"}, {"address", settings.address}, {"port", server.port()}});
  server.accept();

  std::exception_ptr failure;
  std::jthread loader([&] {
    try {
      auto served = std::make_shared<std::unique_ptr<ServedModel>>(
          std::make_unique<ServedModel>(variant.load(settings.checkpoint, options), settings));
      boost::asio::post(io, [&, served] {
        state.served = std::move(*served);
        log_line({{"event", "ready"},
                  {"model", state.model_name},
                  {"context", state.served->model.limits().context},
                  {"rows", state.served->scheduler.load().rows}});
      });
    } catch (...) {
      boost::asio::post(io, [&, error = std::current_exception()] {
        if (!interrupt.happened()) failure = error;
        io.stop();
      });
    }
  });
  const auto told = [&] { boost::asio::post(io, [&] { server.drain(); }); };
  const std::stop_callback on_signal(interrupt.token(), told);
  const auto work = boost::asio::make_work_guard(io);
  io.run();
  loader.join();
  state.served.reset();  // whose sinks post to the loop
  if (failure) std::rethrow_exception(failure);
  log_line({{"event", "ended"}});
  return Status::done;
}

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    example::Settings settings;
    CLI::App app(
        "Serves a checkpoint by OpenAI's API: /v1/chat/completions, /v1/completions and /v1/models. Without a "
        "checkpoint it takes the small one of the repository.",
        "asterism-serve");
    example::declare(app, settings);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    settings.checkpoint = std::filesystem::weakly_canonical(settings.checkpoint).string();
    example::allow_descriptors(settings.connection.connections + 64);
    return example::serve_until_told(settings, interrupt);
  });
}
