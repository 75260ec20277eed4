// A shared library that uses a model; the function that it exports is called ANSWER.
#include <asterism/lab/evaluation_report.hpp>
#include <asterism/lab/read_routing_trace.hpp>
#include <asterism/load.hpp>
#include <string>

using namespace asterism;

struct Small : Blueprint {
  static constexpr Limits limits{.context = 64, .batch = 1, .prefill_chunk = 16, .threads = 2};
};

/// Loads the checkpoint and appends its answer to `out`; throws what `load` throws.
extern "C" __attribute__((visibility("default"))) void ANSWER(const char* folder, std::string& out) {
  const auto model = load<Small>(folder);
  auto session = model.session();
  for (const std::string_view piece : session.generate("Once", {.max_tokens = 3})) out += piece;
  out += " " + to_string(model.plan().peak(0));
}
