// Fuzz target: any text as routes of another program. Only asterism::FormatError may be thrown, and what is accepted
// can be written and read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/lab/import_routes.hpp"
#include "asterism/lab/read_routing_trace.hpp"

using namespace asterism;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const lab::ImportOptions options : {lab::ImportOptions{}, {.experts = 8, .top_k = 2}}) {
    try {
      const lab::RoutingTrace trace = lab::import_routes(text, "fuzz", options);
      if (trace.sequences().empty()) std::abort();
      if (lab::parse_routing_trace(trace.encode(), "again") != trace) std::abort();
    } catch (const FormatError&) {
    }
  }
  return 0;
}
