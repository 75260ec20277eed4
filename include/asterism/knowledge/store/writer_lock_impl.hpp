// A lock of the system's, on a file that says whose it is.
#pragma once

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/store/writer_lock.hpp"

namespace asterism::store {

ASTERISM_INLINE WriterLock::WriterLock(const std::string& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  const auto fail = [&](std::string_view what) {
    const std::string message = concat(path, ": ", what, ": ", std::strerror(errno));
    if (descriptor_ >= 0) ::close(descriptor_);
    throw FileError(message);
  };
  if (descriptor_ < 0) fail("can't be created");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("can't be locked");
    char holder[128] = {};
    const ssize_t size = ::pread(descriptor_, holder, sizeof(holder) - 1, 0);
    ::close(descriptor_);
    throw knowledge::StoreBusy(concat(
        path, ": another writer has the store: ", size > 0 ? std::string_view(holder) : "it does not say which",
        "; wait until it ends, or open the store for reading"));
  }
  char since[32];
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC", ::gmtime_r(&now, &parts));
  const std::string holder = concat("process ", static_cast<std::int64_t>(::getpid()), " since ", since);
  // What it says is for people: a disk that is full does not stop a writer here.
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, holder.data(), holder.size(), 0) < 0) return;
}

ASTERISM_INLINE WriterLock::WriterLock(WriterLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

ASTERISM_INLINE WriterLock& WriterLock::operator=(WriterLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

ASTERISM_INLINE WriterLock::~WriterLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace asterism::store
