// What the command line says.
#pragma once

#include <asterism/core/format.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/limits.hpp"
#include "../support/shipped.hpp"
#include "variants.hpp"

namespace example {

/// Bounds of one connection; seconds.
struct ConnectionLimits {
  std::size_t connections = 1024;
  std::uint32_t header_bytes = 16 * 1024;
  std::uint32_t header_seconds = 10;
  std::uint64_t body_bytes = std::uint64_t{1} << 20U;
  std::uint32_t body_seconds = 30;
  std::uint32_t idle_seconds = 60;
  std::size_t unread_bytes = 256 * 1024;
  std::uint32_t unread_seconds = 30;
  std::uint32_t comment_seconds = 10;
};

struct Settings {
  std::string checkpoint = shipped("small_mixtral/checkpoint");
  std::string quantization = "nf4";
  std::string experts;
  bool offload = false;
  std::string machine;
  LimitArguments limits{};
  std::string model_name;  ///< empty: that of the folder
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string keys;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
  std::int32_t rows = 4;
  std::size_t group_answers = 0;
  std::size_t waiting = 64;
  std::uint32_t pass_milliseconds = 250;
  std::uint32_t wait_seconds = 60;
  std::uint32_t answer_seconds = 600;
  std::uint32_t drain_seconds = 30;
  std::int32_t choices = 16;
  ConnectionLimits connection{};
  bool log_prompts = false;
};

inline void declare_model(CLI::App& app, Settings& settings) {
  app.add_option("checkpoint", settings.checkpoint,
                 "Folder with config.json, *.safetensors and tokenizer.json; by default the repository's")
      ->option_text("FOLDER");
  app.add_option("--quantization", settings.quantization,
                 "Format of experts and attention: nf4, int8 or bfloat16; gguf: every matrix as a GGUF file has it")
      ->check(CLI::IsMember({"nf4", "int8", "bfloat16", "gguf"}))
      ->option_text("FORMAT [nf4]");
  CLI::Option* const format = app.get_option("--quantization");
  app.add_flag(
         "--offload", settings.offload,
         "Experts, in 4 bits, take turns in the memory of --machine; the others wait in its host memory or in "
         "the file of --experts")
      ->excludes(format);
  app.add_option("--experts", settings.experts,
                 "The file of experts that wait on a disk, as quantize --experts writes it; says --offload too")
      ->excludes(format)
      ->option_text("FILE");
  app.add_option(
         "--machine", settings.machine,
         "Devices with their memory, such as 14GiB,14GiB, or with --offload 14GiB,host:90GB; by default this "
         "machine's free memory")
      ->option_text("SIZES");
  declare(app, settings.limits, Served::limits);
  app.add_option("--rows", settings.rows,
                 concat("Answers at a time, 1 to ", Served::limits.batch, ", each with caches of its own"))
      ->check(CLI::Range(1, Served::limits.batch))
      ->option_text("N [4]");
  app.add_option("--group-answers", settings.group_answers,
                 "Answers of a pass at most, those of which use the same experts; by default all, in turns")
      ->check(CLI::Range(1, Served::limits.batch))
      ->option_text("N");
  app.add_option("--model-name", settings.model_name, "What clients call it; by default the folder's name")
      ->option_text("NAME");
}

inline void declare_access(CLI::App& app, Settings& settings) {
  app.add_option("--address", settings.address, "Where to listen; one that other machines reach needs --keys")
      ->option_text("IP [127.0.0.1]");
  app.add_option("--port", settings.port, "0: any that is free, told on standard error")->option_text("N [8080]");
  app.add_option("--keys", settings.keys,
                 "A file with keys, one a line: every request but /, /health and /ready has to bring one")
      ->option_text("FILE");
  app.add_option("--allow-host", settings.hosts,
                 "A name by which clients may call this server, besides localhost and its addresses; may be given "
                 "several times")
      ->allow_extra_args(false)
      ->option_text("NAME");
  app.add_option("--allow-origin", settings.origins,
                 "An origin whose pages may ask, such as https://example.org; may be given several times; by "
                 "default none")
      ->allow_extra_args(false)
      ->option_text("ORIGIN");
  app.add_flag("--log-prompts", settings.log_prompts, "Write the body of each request into its line of the log");
}

inline void declare_limits(CLI::App& app, Settings& settings) {
  const auto number = [&](const char* flag, auto& value, std::int64_t least, std::int64_t most, const char* what) {
    app.add_option(flag, value, what)->check(CLI::Range(least, most))->option_text(concat("N [", value, "]"));
  };
  constexpr std::int64_t day = 86400;
  ConnectionLimits& connection = settings.connection;
  number("--waiting", settings.waiting, 0, 100'000, "Requests that wait for a row; more are told 429");
  number("--wait-seconds", settings.wait_seconds, 1, day, "How long one may wait for a row; then 503");
  number("--answer-seconds", settings.answer_seconds, 1, day, "How long one may take in all");
  number("--choices", settings.choices, 1, 128, "Answers that one request may ask for");
  number("--pass-ms", settings.pass_milliseconds, 1, 60'000, "How long a pass with prompts should take");
  number("--connections", connection.connections, 1, 100'000, "Connections at a time; more are told 503");
  number("--header-bytes", connection.header_bytes, 256, 1 << 20, "The header of a request");
  number("--header-seconds", connection.header_seconds, 1, day, "How long it may take");
  number("--body-bytes", connection.body_bytes, 1, 1 << 26, "The body of a request; more is told 413");
  number("--body-seconds", connection.body_seconds, 1, day, "How long it may take");
  number("--idle-seconds", connection.idle_seconds, 1, day, "How long a connection may wait without a request");
  number("--unread-bytes", connection.unread_bytes, 1024, 1 << 30, "What a client may leave unread of a stream");
  number("--unread-seconds", connection.unread_seconds, 1, day, "How long it may read nothing");
  number("--comment-seconds", connection.comment_seconds, 1, day, "A stream that waits gets a comment that often");
  number("--drain-seconds", settings.drain_seconds, 0, day, "What runs when the program is told to end may go on");
}

inline void declare(CLI::App& app, Settings& settings) {
  app.footer(
      concat("Examples:\n"
             "  asterism-serve\n"
             "  asterism-serve Mixtral-8x7B-Instruct-v0.1 --rows 8 --machine 14GiB,14GiB\n"
             "  asterism-serve mixtral-nf4 --address 0.0.0.0 --keys keys.txt --allow-host ai.example.org\n\n"
             "Standard error has one line of JSON for each request. SIGTERM or Ctrl-C: nothing new is "
             "taken, what runs may end, exit status 0; a second one ends the program at once.\n\n",
             exit_statuses));
  declare_model(app, settings);
  declare_access(app, settings);
  declare_limits(app, settings);
}

}  // namespace example
