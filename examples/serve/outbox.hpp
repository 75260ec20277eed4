// What waits to be written to a socket.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace example {

/// Writes in order, as much as there is at a time. Tells its owner when all is written (all_written), or nothing more
/// can be: the client has left, or takes nothing for a while (write_failed).
class Outbox {
 public:
  Outbox(boost::asio::ip::tcp::socket& socket, std::chrono::seconds patience)
      : socket_(&socket), timer_(socket.get_executor()), patience_(patience) {}

  std::size_t waiting() const { return next_.size() + under_way_.size(); }

  /// `owner` keeps alive what the callbacks use.
  template <class Owner>
  void add(const std::shared_ptr<Owner>& owner, std::string_view text) {
    next_ += text;
    if (under_way_.empty()) write(owner);
  }

 private:
  template <class Owner>
  void write(const std::shared_ptr<Owner>& owner) {
    under_way_ = std::exchange(next_, {});
    done_ = 0;
    write_some(owner);
  }

  template <class Owner>
  void write_some(const std::shared_ptr<Owner>& owner) {
    timer_.expires_after(patience_);
    timer_.async_wait([this, owner](boost::system::error_code error) {
      if (!error && timer_.expiry() <= std::chrono::steady_clock::now()) owner->write_failed("it reads nothing");
    });
    const auto rest = boost::asio::buffer(under_way_.data() + done_, under_way_.size() - done_);
    socket_->async_write_some(rest, [this, owner](boost::system::error_code error, std::size_t bytes) {
      timer_.expires_at(std::chrono::steady_clock::time_point::max());  // cancels the wait
      if (error) return owner->write_failed("it has left");
      done_ += bytes;
      if (done_ < under_way_.size()) return write_some(owner);
      under_way_.clear();
      if (!next_.empty()) return write(owner);
      owner->all_written();
    });
  }

  boost::asio::ip::tcp::socket* socket_;
  boost::asio::steady_timer timer_;
  std::chrono::seconds patience_;
  std::string next_;
  std::string under_way_;
  std::size_t done_ = 0;  ///< of under_way_
};

}  // namespace example
