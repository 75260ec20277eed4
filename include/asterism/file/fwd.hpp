// Names of the room `file`: files and folders, read, written in one step, checked.
#pragma once

#include <cstdint>

namespace asterism::file {

enum class PathKind : std::uint8_t;
class InputFile;
class NewFile;
class NewFolder;
class StoredBytes;

}  // namespace asterism::file
