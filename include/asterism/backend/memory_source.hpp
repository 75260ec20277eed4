// Where an arena draws its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "asterism/core/bytes.hpp"

namespace asterism::backend {

/// Where an arena draws its bytes. `allocate` gives `bytes` bytes (0 of them too), aligned to 64, or nullptr where
/// the system refuses; `release` takes them back. Both are told `context`, which outlives the arena. Thread-safe.
struct MemorySource {
  std::byte* (*allocate)(void* context, std::uint64_t bytes) = nullptr;
  void (*release)(void* context, std::byte* data) noexcept = nullptr;
  void* context = nullptr;
};

/// The large pages of Linux on x86-64, and those of most other systems.
inline constexpr std::uint64_t huge_page = std::uint64_t{2} << 20U;

/// The memory of this machine. Whole huge pages are asked for where they fit, since weights are read once and in order:
/// through pages of 4 KiB a processor reads up to a quarter less a second. What they do not fill stays in small pages,
/// so that no more becomes resident than was drawn. The system may say no (/sys/kernel/mm/transparent_hugepage), which
/// costs speed alone.
inline constexpr MemorySource host_memory{
    .allocate =
        [](void* /*context*/, std::uint64_t bytes) {
          const std::uint64_t unit = bytes < huge_page ? alignment : huge_page;
          if (bytes > PTRDIFF_MAX - unit) return static_cast<std::byte*>(nullptr);
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
        },
    .release = [](void* /*context*/, std::byte* data) noexcept { std::free(data); },
    .context = nullptr};

}  // namespace asterism::backend
