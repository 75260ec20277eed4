// What a path refers to, and files read whole. Opening never blocks: anything but a regular file (a pipe, a device, a
// folder, a loop of links) is an error at once.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"

namespace asterism::file {

/// What a path refers to, links followed.
enum class PathKind : std::uint8_t { missing, file, folder, other };

/// What `path` refers to. FileError if that can't be determined (no permission, a loop of links, a name too long).
PathKind path_kind(const std::string& path);

/// The whole content of a regular file of at most `max_bytes` bytes. FileError if it is larger, not a regular
/// file, or can't be read.
std::string read_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/path_impl.hpp"
#endif
