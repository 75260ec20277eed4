// A device map as transformers and accelerate write it: {"model.embed_tokens": 0, "model.layers.0": 0, ...}.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// Reads the text of a device map for a model of `shape`: an object from names of modules to numbers of devices in
/// `machine`, or "cpu" for its first host device; where a machine lists its accelerators first, the numbers are
/// transformers' own. An entry stands for all that is in its module unless another one is nearer. The map may be
/// inconsistent or incomplete: `placement::validate` tells. `where` names the text in messages. FormatError on bad
/// JSON, a value that is no device, and a name that places nothing; Unsupported where a part that the toolkit keeps
/// in one piece (the experts of a layer, its norms) is split. Source: accelerate, `dispatch_model`.
placement::DeviceMap parse_device_map(std::string_view text, std::string_view where, const Shape& shape,
                                      const Machine& machine);

/// Reads a file with a device map. FileError where it can't be read, and what `parse_device_map` throws.
placement::DeviceMap read_device_map(const std::string& path, const Shape& shape, const Machine& machine);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/device_map_impl.hpp"
#endif
