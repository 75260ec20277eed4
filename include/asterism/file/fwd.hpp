// Names of the room `file`: files and folders, read, written in one step, checked.
#pragma once

#include <cstdint>

namespace asterism::file {

enum class PathKind : std::uint8_t;
enum class ReadMode : std::uint8_t;
class DirectFile;
class InputFile;
class NewFile;
class NewFolder;
class ReaderThreads;
class StoredBytes;

}  // namespace asterism::file
