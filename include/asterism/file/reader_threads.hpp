// Threads that read from a file while others compute.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/direct_file.hpp"

namespace asterism::file {

/// Reads of a DirectFile, and copies of memory, in the background, in the order in which they are asked for. All
/// threads work on pieces of the same one, so that it is complete as soon as the device allows. Members may be called
/// from several threads; the file must outlive it, and memory that was asked for its read or copy.
class ReaderThreads {
 public:
  /// A read under way, 1 or more; each is waited for once.
  using Ticket = std::uint64_t;

  explicit ReaderThreads(const DirectFile& file, std::size_t threads = 2) : ReaderThreads(&file, threads) {}
  /// Without a file, null, for copies alone.
  explicit ReaderThreads(const DirectFile* file, std::size_t threads = 2);
  ReaderThreads(const ReaderThreads&) = delete;
  ReaderThreads& operator=(const ReaderThreads&) = delete;
  /// Ends after the pieces being read; what was not begun is not read.
  ~ReaderThreads();

  std::size_t threads() const { return threads_.size(); }
  /// So many are under way at most: nothing is allocated then.
  void reserve(std::size_t most);

  /// Asks for `out` to be filled with the bytes from `offset` on. Aligned and within the file as for DirectFile::read.
  Ticket submit(std::uint64_t offset, View<std::byte> out);

  /// Asks for a copy of as many bytes.
  Ticket submit(View<const std::byte> from, View<std::byte> out);

  /// Whether `wait` would return at once.
  bool is_done(Ticket ticket) const;

  /// How a read or copy came that was waited for.
  struct Arrival {
    double seconds = 0;  ///< from `submit` until the last byte was there, behind what was asked for before
    bool late = false;   ///< it was not there yet when `wait` was called
  };

  /// Returns when the memory is filled. Throws as DirectFile::read; InvalidArgument for a ticket that is not under way.
  Arrival wait(Ticket ticket);

  /// Gives a read up: returns when no thread writes to its memory any more, after a piece at most. Returns the number
  /// of bytes that were read.
  std::size_t cancel(Ticket ticket);

 private:
  using Clock = std::chrono::steady_clock;

  struct Request {
    Ticket ticket = 0;
    const std::byte* from = nullptr;  ///< null: a read of the file
    std::uint64_t offset = 0;
    View<std::byte> out;
    std::size_t begun = 0;    ///< bytes that threads have taken
    std::size_t at_work = 0;  ///< threads that read a piece of it
    Clock::time_point asked{};
    Clock::time_point there{};   ///< the last piece that has come
    std::exception_ptr error{};  ///< the first one

    bool finished() const { return at_work == 0 && (begun == out.size || error != nullptr); }
  };

  Ticket submit(Request request);
  void work();
  void end();
  Request& find(Ticket ticket);
  const Request* find_or_null(Ticket ticket) const;
  void remove(Ticket ticket);

  const DirectFile* file_;
  mutable std::mutex mutex_;
  std::condition_variable asked_;  ///< there is a piece to read, or the end
  std::condition_variable ended_;  ///< a piece has been read
  std::vector<Request> requests_;  ///< in the order of `submit`, until they are waited for
  Ticket next_ = 1;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/reader_threads_impl.hpp"
#endif
