// Sizes of Gated DeltaNet's heads: those of Qwen3-Next-80B-A3B, and sets that do not agree.
#include "asterism/backend/delta_heads.hpp"

#include <cstddef>
#include <initializer_list>

#include <doctest/doctest.h>

using asterism::backend::DeltaHeads;

namespace {

constexpr DeltaHeads qwen3_next{.key_heads = 16, .value_heads = 32, .key_width = 128, .value_width = 128};

constexpr DeltaHeads with(std::size_t DeltaHeads::*size, std::size_t value) {
  DeltaHeads heads = qwen3_next;
  heads.*size = value;
  return heads;
}

}  // namespace

TEST_CASE("columns and rows of Qwen3-Next") {
  static_assert(qwen3_next.values_per_key() == 2);
  static_assert(qwen3_next.key_columns() == 2048 && qwen3_next.value_columns() == 4096);
  static_assert(qwen3_next.qkv_columns() == 8192);
  static_assert(qwen3_next.state_rows() * qwen3_next.value_width * sizeof(float) == 2 << 20);
  CHECK(qwen3_next == with(&DeltaHeads::key_heads, 16));
}

TEST_CASE("numbers and widths that do not agree are not sound") {
  static_assert(qwen3_next.sound() && with(&DeltaHeads::value_width, 1000).sound());
  static_assert(with(&DeltaHeads::value_heads, 16).sound() && with(&DeltaHeads::key_width, 256).sound());
  for (std::size_t DeltaHeads::*size :
       {&DeltaHeads::key_heads, &DeltaHeads::value_heads, &DeltaHeads::key_width, &DeltaHeads::value_width}) {
    CHECK_FALSE(with(size, 0).sound());
  }
  CHECK_FALSE(with(&DeltaHeads::value_heads, 24).sound());
  CHECK_FALSE(with(&DeltaHeads::key_width, 257).sound());
}
