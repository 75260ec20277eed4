// Under which conditions something was measured.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"

namespace asterism::lab {

/// What a figure depends on beside the model. Texts are empty where the system does not tell.
struct Conditions {
  std::string processor{};        ///< as the system calls it
  std::uint32_t cores = 0;        ///< those that the process may use
  Bytes memory{};                 ///< of the machine
  std::string instruction_set{};  ///< that the kernels use
  std::int32_t threads = 0;       ///< that computed
  std::string version{};          ///< of the toolkit
  std::string date{};             ///< "2026-01-31 12:00 UTC"

  friend bool operator==(const Conditions&, const Conditions&) = default;
};

/// Of this machine, now.
Conditions conditions_now(std::int32_t threads);

/// One line for people.
std::string to_string(const Conditions& conditions);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/conditions_impl.hpp"
#endif
