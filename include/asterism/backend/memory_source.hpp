// Where an arena draws its bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"

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

namespace detail {
std::byte* allocate_host_memory(void* context, std::uint64_t bytes);
void release_host_memory(void* context, std::byte* data) noexcept;
}  // namespace detail

/// The memory of this machine. Whole huge pages are asked for where they fit, since weights are read once and in order:
/// through pages of 4 KiB a processor reads up to a quarter less a second. What they do not fill stays in small pages,
/// so that no more becomes resident than was drawn. If the system refuses (/sys/kernel/mm/transparent_hugepage), only
/// speed is lost.
inline constexpr MemorySource host_memory{
    .allocate = detail::allocate_host_memory, .release = detail::release_host_memory, .context = nullptr};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/memory_source_impl.hpp"
#endif
