#include "asterism/checkpoint/gguf/ggml_type.hpp"

#include <cstddef>
#include <string>

#include <doctest/doctest.h>

using namespace asterism::checkpoint;

static_assert(find_ggml_type(12)->name == "Q4_K");
static_assert(find_ggml_type(4) == nullptr);  // a type that ggml has given up
static_assert(dtype_of(*find_ggml_type(30)) == DType::bf16);
static_assert(!dtype_of(*find_ggml_type(8)));

TEST_CASE("types are in the order of their numbers, and plain ones have the sizes of dtypes") {
  for (std::size_t i = 0; i < ggml_types.size(); ++i) {
    const GgmlType& type = ggml_types[i];
    CAPTURE(std::string(type.name));
    CHECK(find_ggml_type(type.number) == &type);
    if (i > 0) CHECK(ggml_types[i - 1].number < type.number);
    CHECK(dtype_of(type).has_value() == type.is_plain());
    if (dtype_of(type)) CHECK(dtype_size(*dtype_of(type)) == type.bytes);
  }
  CHECK(ggml_type_names().starts_with("F32, F16, Q4_0"));
}
