// The attention that stored positions draw, and dropping those that drew least, on the CPU.
#pragma once

#include <cstddef>

#include "asterism/backend/kv_view.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::backend {

/// mass += softmax(q K^T / sqrt(head_dim)) for consecutive rows of queries, row after row and head after head, the
/// first at position `first` of kv, which has no window. queries (rows, heads of the group * head_dim), any stride;
/// scratch and mass (slots). Neither checks nor allocates; thread-safe if scratch and mass are not shared.
template <class Format>
void add_attention_mass(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head,
                        std::size_t first, View<float> scratch, View<float> mass, simd::Level use = simd::level());

/// Keys and values of one head: rows of `row_bytes` each, slot after slot.
struct StoredBlocks {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  std::size_t row_bytes = 0;
};

/// HostDevice::drop_least for one key/value head. scratch and mass (slots).
void drop_least_rows(const StoredBlocks& blocks, std::size_t begin, std::size_t end, std::size_t count,
                     View<float> scratch, View<float> mass);

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_attention_mass_impl.hpp"
#include "asterism/backend/host_attention_mass_templates.hpp"
#endif
