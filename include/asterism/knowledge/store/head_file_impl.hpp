// Records of the head.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/store/head_file.hpp"

namespace asterism::store {

namespace detail {

inline constexpr std::size_t head_record = 64;

class HeadFile {
 public:
  HeadFile(const std::string& path, int flags)
      : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;
  ~HeadFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }
  [[noreturn]] void fail(std::string_view what) const {
    throw FileError(concat(path_, ": ", what, ": ", std::strerror(errno)));
  }

 private:
  std::string path_;
  int descriptor_;
};

inline std::int64_t head_digest(const Head& head) {
  return RowDigest("head")
      .add(static_cast<std::int64_t>(head.version.value))
      .add(static_cast<std::int64_t>(head.chain.high))
      .add(static_cast<std::int64_t>(head.chain.low))
      .value();
}

/// False if the record is not whole.
inline bool parse_head(const char* record, Head& head) {
  std::int64_t words[4];
  std::memcpy(words, record + 8, sizeof(words));
  head.version.value = static_cast<std::uint64_t>(words[0]);
  head.chain = {static_cast<std::uint64_t>(words[1]), static_cast<std::uint64_t>(words[2])};
  return std::memcmp(record, "ASTRHEAD", 8) == 0 && words[3] == head_digest(head);
}

}  // namespace detail

ASTERISM_INLINE std::optional<Head> read_head(const std::string& path) {
  const detail::HeadFile file(path, O_RDONLY);
  if (file.descriptor() < 0) {
    if (errno == ENOENT) return std::nullopt;
    file.fail("can't be opened");
  }
  char records[2 * detail::head_record] = {};
  const ssize_t size = ::pread(file.descriptor(), records, sizeof(records), 0);
  if (size < 0) file.fail("can't be read");
  if (size == 0) return std::nullopt;
  std::optional<Head> last;
  for (const char* record : {records, records + detail::head_record}) {
    Head head;
    if (detail::parse_head(record, head) && (!last || head.version > last->version)) last = head;
  }
  if (last) return last;
  throw knowledge::CorruptStore(concat(path,
                                       ": neither of its two records is whole; open the store with recover, which "
                                       "takes the version that its file has"));
}

ASTERISM_INLINE void write_head(const std::string& path, const Head& head) {
  const detail::HeadFile file(path, O_WRONLY | O_CREAT);
  if (file.descriptor() < 0) file.fail("can't be created");
  char record[detail::head_record] = {};
  const std::int64_t words[] = {static_cast<std::int64_t>(head.version.value),
                                static_cast<std::int64_t>(head.chain.high),
                                static_cast<std::int64_t>(head.chain.low), detail::head_digest(head)};
  std::memcpy(record, "ASTRHEAD", 8);
  std::memcpy(record + 8, words, sizeof(words));
  const auto at = static_cast<off_t>(head.version.value % 2 * detail::head_record);
  if (::pwrite(file.descriptor(), record, sizeof(record), at) != static_cast<ssize_t>(sizeof(record))) {
    file.fail("can't be written");
  }
  if (::fdatasync(file.descriptor()) != 0) file.fail("can't be flushed to the disk");
}

}  // namespace asterism::store
