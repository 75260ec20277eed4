#include "asterism/checkpoint/safetensors/dtype.hpp"

#include <utility>

#include <doctest/doctest.h>

using namespace asterism::checkpoint;

TEST_CASE("every dtype has the name and size of the format") {
  const std::pair<std::string_view, std::uint64_t> expected[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};
  std::size_t i = 0;
  for (const auto& [name, size] : expected) {
    const auto dtype = static_cast<DType>(i++);
    CHECK(dtype_name(dtype) == name);
    CHECK(dtype_size(dtype) == size);
    CHECK(find_dtype(name) == dtype);
  }
  static_assert(dtype_name(DType::bf16) == "BF16" && dtype_name(DType::u64) == "U64");
  CHECK(!find_dtype("F4"));
  CHECK(!find_dtype("bf16"));
  CHECK(!find_dtype(""));
}

TEST_CASE("elements are counted without overflow") {
  const std::uint64_t half = std::uint64_t{1} << 32U;
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 3, 4}) == 24);
  CHECK(element_count({5, 0, half}) == 0);
  CHECK(element_count({half, half - 1}) == half * (half - 1));
  CHECK(!element_count({half, half}));
  CHECK(shape_text({}) == "[]");
  CHECK(shape_text({4096, 3}) == "[4096, 3]");
}
