// Names of the room `checkpoint`: the files of a model on disk, read and written.
#pragma once

#include <cstdint>

namespace asterism::checkpoint {

enum class DType : std::uint8_t;
enum class FourBitKind : std::uint8_t;
enum class PathKind : std::uint8_t;
struct FourBitTensor;
struct GenerationConfig;
struct ModelConfig;
struct QuantizationConfig;
struct SafetensorsHeader;
struct TensorDeclaration;
struct TensorInfo;
struct WeightIndex;
class CheckpointWriter;
class JsonHandler;
class MappedFile;
class SafetensorsWriter;
class TensorStore;

}  // namespace asterism::checkpoint
