#include "asterism/checkpoint/fwd.hpp"

#include <doctest/doctest.h>

#include "asterism/checkpoint/bitsandbytes.hpp"
#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/generation_config.hpp"
#include "asterism/checkpoint/model_config.hpp"
#include "asterism/checkpoint/tensor_store.hpp"

using namespace asterism::checkpoint;

TEST_CASE("the names declared are those defined") {
  // A declaration that differs in kind or underlying type does not compile; one in another namespace would stay
  // incomplete.
  static_assert(sizeof(DType) == 1 && sizeof(FourBitKind) == 1 && sizeof(PathKind) == 1);
  CHECK(sizeof(CheckpointWriter) + sizeof(FourBitTensor) + sizeof(GenerationConfig) + sizeof(JsonHandler) +
            sizeof(MappedFile) + sizeof(ModelConfig) + sizeof(NewFile) + sizeof(NewFolder) +
            sizeof(QuantizationConfig) + sizeof(SafetensorsHeader) + sizeof(SafetensorsLayout) +
            sizeof(SafetensorsWriter) + sizeof(TensorStore) + sizeof(TensorDeclaration) + sizeof(TensorInfo) +
            sizeof(WeightIndex) >
        0);
}
