// The conditions of a measurement.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"

namespace asterism::lab {

/// What a figure depends on besides the model. Texts are empty if the system does not provide them.
struct Conditions {
  std::string processor{};        ///< name given by the system
  std::uint32_t cores = 0;        ///< that the process may use
  Bytes memory{};                 ///< total memory of the machine
  std::string instruction_set{};  ///< used by the kernels
  std::int32_t threads = 0;       ///< threads that computed
  std::string version{};          ///< of the toolkit
  std::string date{};             ///< "2026-01-31 12:00 UTC"

  friend bool operator==(const Conditions&, const Conditions&) = default;
};

/// The current conditions of this machine.
Conditions conditions_now(std::int32_t threads);

/// One human-readable line.
std::string to_string(const Conditions& conditions);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/conditions_impl.hpp"
#endif
