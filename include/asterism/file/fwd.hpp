// Names of the room `file`: files and folders, mapped, written in one step, checked.
#pragma once

#include <cstdint>

namespace asterism::file {

enum class PathKind : std::uint8_t;
class MappedFile;
class NewFile;
class NewFolder;

}  // namespace asterism::file
