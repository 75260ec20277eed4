// A file of random bytes that nobody has to remove: it loses its name before anything is written to it.
#pragma once

#include <asterism/core/bytes.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress.hpp>
#include <asterism/core/random.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace example {

using namespace asterism;

/// Lies on the disk of a folder as long as the object lives, whatever ends the program: the system frees what has no
/// name when it is closed.
class ScratchFile {
 public:
  /// Writes it and waits until it is on the disk. FileError if the folder or the disk does not take it.
  ScratchFile(const std::string& folder, Bytes size, ProgressSink& progress) {
    std::string name = folder + "/residency-profile-XXXXXX";
    descriptor_ = ::mkstemp(name.data());
    if (descriptor_ < 0) fail(folder, "no file can be created in it", errno, "give another --folder");
    ::unlink(name.c_str());
    try {
      fill(folder, size, progress);
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }
  ~ScratchFile() { ::close(descriptor_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// By which this process can open it.
  std::string path() const { return concat("/proc/self/fd/", descriptor_); }

 private:
  [[noreturn]] static void fail(const std::string& folder, const std::string& what, int error,
                                const char* advice) {
    throw FileError(concat(folder, ": ", what, ": ", std::strerror(error), "; ", advice));
  }

  void fill(const std::string& folder, Bytes size, ProgressSink& progress) const {
    const std::string what = concat("a temporary file of ", to_string(size), " can't be written");
    constexpr const char* advice = "give a smaller --size or another --folder";
    if (const int error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size.count)); error != 0) {
      fail(folder, what, error, advice);
    }
    constexpr std::size_t block = std::size_t{1} << 20U;
    std::vector<std::uint64_t> words(block / sizeof(std::uint64_t));
    Random random(1);
    for (std::uint64_t& word : words) word = random();
    progress.begin("writing", size.count, ProgressUnit::bytes);
    for (std::uint64_t done = 0; done < size.count;) {
      words[0] = random();  // no two blocks are alike
      const std::size_t want = size.count - done < block ? static_cast<std::size_t>(size.count - done) : block;
      const ssize_t count = ::write(descriptor_, words.data(), want);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(folder, what, errno, advice);
      done += static_cast<std::uint64_t>(count);
      progress.advance(done, "");
    }
    if (::fsync(descriptor_) != 0) fail(folder, what, errno, advice);
    progress.end();
  }

  int descriptor_ = -1;
};

}  // namespace example
