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
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file {

ASTERISM_INLINE NewFile::NewFile(const std::string& path, std::uint64_t bytes) : path_(path) {
  detail::check_path(path_);
  for (int number = 0; descriptor_ < 0; ++number) {
    temporary_ = concat(path_, ".partial-", static_cast<int>(::getpid()), "-", number);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) detail::file_failure(temporary_, "can't be created", errno);
  }
  if (bytes == 0) return;
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    abandon();
    throw FileError(concat(temporary_, ": ", bytes, " bytes exceed what a file can have"));
  }
  // Not every file system can reserve space; those that can say in time that there is none.
  if (::fallocate(descriptor_, 0, 0, static_cast<off_t>(bytes)) == 0) return;
  const int error = errno;
  if (error != ENOSPC && error != EDQUOT && error != EFBIG) return;
  abandon();
  detail::file_failure(path_, concat("the disk can't reserve ", bytes, " bytes"), error);
}

ASTERISM_INLINE void NewFile::write(View<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size;) {
    // The system writes at most 2 GiB in one call.
    constexpr std::size_t most = std::size_t{1} << 30U;
    const std::size_t left = bytes.size - done;
    const ssize_t count = ::write(descriptor_, bytes.data + done, left < most ? left : most);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      detail::file_failure(temporary_, concat("can't be written at byte ", written_ + done), errno);
    }
    if (count == 0) {
      throw FileError(
          concat(temporary_, ": the disk took ", done, " of ", bytes.size, " bytes at byte ", written_));
    }
    done += static_cast<std::size_t>(count);
  }
  written_ += bytes.size;
}

ASTERISM_INLINE void NewFile::finish() {
  // Reserved space that was not used must not stay at the end.
  if (::ftruncate(descriptor_, static_cast<off_t>(written_)) != 0 || ::fsync(descriptor_) != 0) {
    detail::file_failure(temporary_, "can't be made durable", errno);
  }
  if (::close(std::exchange(descriptor_, -1)) != 0) detail::file_failure(temporary_, "can't be closed", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    detail::file_failure(path_, "can't be replaced by the new file", error);
  }
  temporary_.clear();
  detail::sync_folder(detail::parent_of(path_));
}

ASTERISM_INLINE void NewFile::abandon() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

ASTERISM_INLINE void write_text_file(const std::string& path, std::string_view text) {
  NewFile file(path, text.size());
  file.write({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  file.finish();
}

}  // namespace asterism::file
