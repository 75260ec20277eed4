// Bodies of new_file.hpp.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <string>
#include <string_view>
#include <unistd.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/open_file.hpp"
#include "asterism/file/partial.hpp"

namespace asterism::file {

namespace detail {

ASTERISM_INLINE const std::string& checked_path(const std::string& path) {
  check_path(path);
  return path;
}

/// Reserves space if the file system supports it.
ASTERISM_INLINE void reserve(const std::string& path, const Partial& partial, std::uint64_t bytes) {
  if (bytes == 0) return;
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    throw FileError(concat(partial.name(), ": ", bytes, " bytes exceed what a file can have"));
  }
  if (::fallocate(partial.descriptor(), 0, 0, static_cast<off_t>(bytes)) == 0) return;
  const int error = errno;
  if (error != ENOSPC && error != EDQUOT && error != EFBIG) return;
  file_failure(path, concat("the disk can't reserve ", bytes, " bytes"), error);
}

}  // namespace detail

ASTERISM_INLINE NewFile::NewFile(const std::string& path, std::uint64_t bytes)
    : path_(detail::checked_path(path)), partial_(path, detail::Partial::Kind::file) {
  try {
    detail::reserve(path_, partial_, bytes);
  } catch (const Error&) {
    ::unlink(partial_.name().c_str());
    throw;
  }
}

ASTERISM_INLINE NewFile::~NewFile() {
  if (!finished_) ::unlink(partial_.name().c_str());
}

ASTERISM_INLINE void NewFile::write(View<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size;) {
    // The system writes at most 2 GiB per call.
    constexpr std::size_t most = std::size_t{1} << 30U;
    const std::size_t left = bytes.size - done;
    const ssize_t count = ::write(partial_.descriptor(), bytes.data + done, left < most ? left : most);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      detail::file_failure(partial_.name(), concat("can't be written at byte ", written_ + done), errno);
    }
    if (count == 0) {
      throw FileError(
          concat(partial_.name(), ": the disk took ", done, " of ", bytes.size, " bytes at byte ", written_));
    }
    done += static_cast<std::size_t>(count);
  }
  written_ += bytes.size;
}

ASTERISM_INLINE void NewFile::finish() {
  const std::string& temporary = partial_.name();
  // Trims reserved space that was not used.
  if (::ftruncate(partial_.descriptor(), static_cast<off_t>(written_)) != 0 ||
      ::fsync(partial_.descriptor()) != 0) {
    detail::file_failure(temporary, "can't be made durable", errno);
  }
  if (::rename(temporary.c_str(), path_.c_str()) != 0) {
    detail::file_failure(path_, "can't be replaced by the new file", errno);
  }
  finished_ = true;
  detail::sync_folder(detail::parent_of(path_));
}

ASTERISM_INLINE void write_text_file(const std::string& path, std::string_view text) {
  NewFile file(path, text.size());
  file.write({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  file.finish();
}

}  // namespace asterism::file
