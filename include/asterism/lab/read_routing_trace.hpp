// Reads and validates routing traces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/crc32.hpp"
#include "asterism/lab/routed_sequence.hpp"
#include "asterism/lab/routing_trace.hpp"

namespace asterism::lab {

/// Parses the bytes of a routing trace file; `where` names it in messages, which give the offset, what was
/// expected and what was found. Checked: magic and version (Unsupported for another one), sizes, counts (against
/// the available bytes, before anything is allocated), the rules of `fault_in`, no surplus bytes, the checksum.
/// Throws FormatError. Memory: a small multiple of the file's. Thread-safe.
RoutingTrace parse_routing_trace(View<const std::byte> file, std::string_view where);

/// Largest file of a routing trace, in bytes: 4 GiB, about 20 million tokens of Mixtral 8x7B.
inline constexpr std::uint64_t max_trace_file = std::uint64_t{4} << 30U;

/// The routing trace in the file. Throws FileError if it can't be read or is larger than `max_trace_file`, and as
/// `parse_routing_trace`.
RoutingTrace read_routing_trace(const std::string& path);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/read_routing_trace_impl.hpp"
#endif
