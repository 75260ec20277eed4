// Reads routes that other programs have recorded, as routing traces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/lab/routing_trace.hpp"

namespace asterism::lab {

/// What the lines of a file can't say: 0 for what follows from them.
struct ImportOptions {
  std::int32_t experts = 0;  ///< in a layer; 0: one more than the greatest that occurs
  std::int32_t top_k = 0;    ///< of `layer,expert` lines with one layer, where it can't be seen; 0: seen
};

/// Parses text in one of three forms, told by its first line; `where` names it in messages.
///
/// - CSV with the header `turn,phase,step,layer,slot,expert,weight`, a line a choice. A turn is a sequence; phase is
///    `prompt` or `prefill`, or `decode` or `generate`; step numbers the turn's tokens in its phase. Passes are known:
///    the prompt is one, each other token one.
/// - CSV with the header `layer,expert`, a line a choice: one sequence; a layer lower than the line's before begins the
///   next token. Each choice gets the weight 1 / top_k.
/// - JSON lines `{"layer_idx": 0, "token_idx": 0, "selected_ids": [3, 1], "gate_weights": [0.6, 0.4]}`, a line a token
///    in a layer, in any order; a token and layer that were there already begin the next sequence. Other keys are
///    ignored.
///
/// Weights, in [0, 1], take the place of probabilities; choices are sorted by them. Layers are numbered anew, without
/// those that have no experts. Token ids are not known: 0. Every token needs as many distinct experts in every layer.
/// Throws FormatError with the line, what was found and what was expected. Memory: a small multiple of the text's.
RoutingTrace import_routes(std::string_view text, std::string_view where, const ImportOptions& options = {});

/// The routing trace in the file, whichever of the toolkit's own format and the three above it has. Throws FileError if
/// it can't be read or is larger than `max_trace_file`, and as `parse_routing_trace` or `import_routes`.
RoutingTrace read_any_routing_trace(const std::string& path, const ImportOptions& options = {});

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/import_routes_impl.hpp"
#endif
