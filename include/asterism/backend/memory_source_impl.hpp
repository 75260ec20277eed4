// Bodies of memory_source.hpp.
#pragma once

#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "asterism/backend/memory_source.hpp"
#include "asterism/core/bytes.hpp"

namespace asterism::backend::detail {

ASTERISM_INLINE std::byte* allocate_host_memory(void* /*context*/, std::uint64_t bytes) {
  const std::uint64_t unit = bytes < huge_page ? alignment : huge_page;
  if (bytes > PTRDIFF_MAX - unit) return nullptr;
  const std::uint64_t rounded = bytes == 0 ? unit : (bytes + unit - 1) / unit * unit;
  auto* const data = static_cast<std::byte*>(std::aligned_alloc(unit, rounded));
#if defined(__linux__)
  if (data != nullptr && bytes >= huge_page) {
    const std::uint64_t whole = bytes / huge_page * huge_page;
    ::madvise(data, whole, MADV_HUGEPAGE);
    if (whole < rounded) ::madvise(data + whole, rounded - whole, MADV_NOHUGEPAGE);
  }
#endif
  return data;
}

ASTERISM_INLINE void release_host_memory(void* /*context*/, std::byte* data) noexcept { std::free(data); }

}  // namespace asterism::backend::detail
