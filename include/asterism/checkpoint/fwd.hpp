// Forward declarations of the room `checkpoint`: a model's files, read and written.
#pragma once

#include <cstdint>

namespace asterism::checkpoint {

// Contents of the configuration files.
struct GenerationConfig;
struct ModelConfig;
struct QuantizationConfig;

// Tensors.
enum class DType : std::uint8_t;
enum class FourBitKind : std::uint8_t;
struct BnbTensor;
struct GgmlType;
struct GgufHeader;
struct SafetensorsHeader;
struct SafetensorsLayout;
struct TensorDeclaration;
struct TensorInfo;
struct WeightIndex;
class CheckpointWriter;
class GgufKeys;
class GgufMetadata;
class GgufStore;
class GgufWriter;
class SafetensorsWriter;
class TensorFiles;
class TensorStore;
class WeightStoreRef;

}  // namespace asterism::checkpoint
