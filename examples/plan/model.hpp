// The model to plan for: read from a configuration, or named.
#pragma once

#include <asterism/shape/shape.hpp>
#include <string>

namespace example {

using namespace asterism;

/// Names of published shapes, parted by commas.
std::string shape_names();

/// The shape in a config.json, in that of a folder, in the metadata of a GGUF file, or of a published model by its
/// name; no weight is read. FileError where `model` is none of these; FormatError and Unsupported as
/// generate::read_config.
Shape read_shape(const std::string& model);

}  // namespace example
