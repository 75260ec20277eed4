// Device maps in the form of transformers and accelerate: {"model.embed_tokens": 0, "model.layers.0": 0, ...}.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// Parses a device map for a model of `shape`: an object from module names to device numbers of `machine`, or
/// "cpu" for its first host device; if a machine lists its accelerators first, the numbers are those of
/// transformers. An entry applies to everything in its module unless a nearer one exists. The map may be
/// inconsistent or incomplete: check it with `placement::validate`. `where` names the text in messages.
/// FormatError for bad JSON, a value that is not a device, and a name that places nothing; Unsupported if a part
/// that the toolkit keeps in one piece (the experts of a layer, its norms) is split. Source: accelerate,
/// `dispatch_model`.
placement::DeviceMap parse_device_map(std::string_view text, std::string_view where, const Shape& shape,
                                      const Machine& machine);

/// Reads a file with a device map. FileError if it can't be read; otherwise as `parse_device_map`.
placement::DeviceMap read_device_map(const std::string& path, const Shape& shape, const Machine& machine);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/device_map_impl.hpp"
#endif
