// Names of the room `checkpoint`: the files of a model on disk, read and written.
#pragma once

#include <cstdint>

namespace asterism::checkpoint {

// Files.
enum class PathKind : std::uint8_t;
class MappedFile;
class NewFile;
class NewFolder;

// JSON, and what the configuration files say.
class JsonHandler;
struct GenerationConfig;
struct ModelConfig;
struct QuantizationConfig;

// Tensors.
enum class DType : std::uint8_t;
enum class FourBitKind : std::uint8_t;
struct FourBitTensor;
struct SafetensorsHeader;
struct SafetensorsLayout;
struct TensorDeclaration;
struct TensorInfo;
struct WeightIndex;
class CheckpointWriter;
class SafetensorsWriter;
class TensorStore;

}  // namespace asterism::checkpoint
