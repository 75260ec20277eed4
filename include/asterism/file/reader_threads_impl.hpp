// Bodies of reader_threads.hpp.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/reader_threads.hpp"

namespace asterism::file {

ASTERISM_INLINE ReaderThreads::ReaderThreads(const DirectFile* file, std::size_t threads) : file_(file) {
  if (threads == 0) throw InvalidArgument("ReaderThreads need at least one thread");
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    end();
    throw;
  }
}

ASTERISM_INLINE ReaderThreads::~ReaderThreads() { end(); }

ASTERISM_INLINE void ReaderThreads::end() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  asked_.notify_all();
  threads_.clear();
}

ASTERISM_INLINE void ReaderThreads::reserve(std::size_t most) {
  const std::scoped_lock lock(mutex_);
  requests_.reserve(most);
}

ASTERISM_INLINE ReaderThreads::Ticket ReaderThreads::submit(Request request) {
  const std::scoped_lock lock(mutex_);
  request.ticket = next_;
  request.asked = request.there = Clock::now();
  requests_.push_back(request);
  asked_.notify_all();
  return next_++;
}

ASTERISM_INLINE ReaderThreads::Ticket ReaderThreads::submit(std::uint64_t offset, View<std::byte> out) {
  if (file_ == nullptr) throw InvalidArgument("a read of no file: these threads were made for copies alone");
  return submit(Request{.offset = offset, .out = out});
}

ASTERISM_INLINE ReaderThreads::Ticket ReaderThreads::submit(View<const std::byte> from, View<std::byte> out) {
  if (from.size != out.size) {
    throw InvalidArgument(concat("a copy of ", from.size, " bytes into ", out.size));
  }
  return submit(Request{.from = from.data, .out = out});
}

ASTERISM_INLINE bool ReaderThreads::is_done(Ticket ticket) const {
  const std::scoped_lock lock(mutex_);
  const Request* const request = find_or_null(ticket);
  return request == nullptr || request->finished();
}

ASTERISM_INLINE ReaderThreads::Arrival ReaderThreads::wait(Ticket ticket) {
  std::unique_lock lock(mutex_);
  const bool late = !find(ticket).finished();
  ended_.wait(lock, [&] { return find(ticket).finished(); });
  const Request request = find(ticket);
  remove(ticket);
  lock.unlock();
  if (request.error != nullptr) std::rethrow_exception(request.error);
  return {.seconds = std::chrono::duration<double>(request.there - request.asked).count(), .late = late};
}

ASTERISM_INLINE std::size_t ReaderThreads::cancel(Ticket ticket) {
  std::unique_lock lock(mutex_);
  Request& request = find(ticket);
  const std::size_t begun = std::exchange(request.begun, request.out.size);  // nobody takes a further piece
  ended_.wait(lock, [&] { return find(ticket).at_work == 0; });
  remove(ticket);
  return begun;
}

ASTERISM_INLINE void ReaderThreads::work() {
  std::unique_lock lock(mutex_);
  const auto next = [&] {
    return std::ranges::find_if(requests_, [](const Request& request) {
      return request.begun < request.out.size && request.error == nullptr;
    });
  };
  while (true) {
    asked_.wait(lock, [&] { return ending_ || next() != requests_.end(); });
    if (ending_) return;
    Request& request = *next();
    const Ticket ticket = request.ticket;
    const std::size_t first = request.begun;
    const View<std::byte> out = request.out.subview(first, std::min(DirectFile::piece, request.out.size - first));
    const std::byte* const from = request.from == nullptr ? nullptr : request.from + first;
    const std::uint64_t offset = request.offset + first;
    request.begun += out.size;
    ++request.at_work;
    lock.unlock();
    std::exception_ptr error;
    try {
      if (from != nullptr) {
        std::memcpy(out.data, from, out.size);
      } else {
        file_->read(offset, out);
      }
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    Request& ended = find(ticket);  // others may have been removed meanwhile
    --ended.at_work;
    ended.there = Clock::now();
    if (error != nullptr && ended.error == nullptr) ended.error = error;
    ended_.notify_all();
  }
}

ASTERISM_INLINE const ReaderThreads::Request* ReaderThreads::find_or_null(Ticket ticket) const {
  const auto found = std::ranges::find(requests_, ticket, &Request::ticket);
  return found == requests_.end() ? nullptr : &*found;
}

ASTERISM_INLINE ReaderThreads::Request& ReaderThreads::find(Ticket ticket) {
  const auto found = std::ranges::find(requests_, ticket, &Request::ticket);
  if (found == requests_.end()) throw InvalidArgument(concat("no read ", ticket, " is under way"));
  return *found;
}

ASTERISM_INLINE void ReaderThreads::remove(Ticket ticket) {
  requests_.erase(std::ranges::find(requests_, ticket, &Request::ticket));
}

}  // namespace asterism::file
