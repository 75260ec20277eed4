// Bodies of run_lock.hpp.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/train/run_lock.hpp"

namespace asterism::train {

ASTERISM_INLINE RunLock::RunLock(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(concat(folder, ": can't be created: ", error.message()));
  const std::string path = folder + "/run.lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw FileError(concat(path, ": can't be created: ", std::strerror(errno)));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  ::close(descriptor_);
  if (reason == EWOULDBLOCK) {
    throw FileError(concat(folder, ": another run is at work here: wait for it, or give another folder"));
  }
  throw FileError(concat(path, ": can't be locked: ", std::strerror(reason)));
}

ASTERISM_INLINE RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace asterism::train
