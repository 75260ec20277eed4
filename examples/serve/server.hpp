// Listens, and ends when it is told to.
#pragma once

#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "connection.hpp"
#include "served_model.hpp"

namespace example {

class Server {
 public:
  using Tcp = boost::asio::ip::tcp;

  /// Throws OptionError where the address can't be listened at.
  explicit Server(ServerState& state) : state_(&state), acceptor_(state.io), later_(state.io) {
    const Settings& settings = state.settings;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(settings.address, error);
    if (error) throw OptionError(concat("--address ", settings.address, ": not an address of IP"));
    if (!address.is_loopback() && !state.keys.asked_for()) {
      throw OptionError(concat("--address ", settings.address,
                               ": other machines reach it, so that clients need keys: give --keys FILE"));
    }
    const Tcp::endpoint endpoint(address, settings.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(Tcp::acceptor::max_listen_connections, error);
    if (error) {
      throw FileError(concat("--address ", settings.address, " --port ", settings.port, ": ", error.message()));
    }
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, Tcp::socket socket) {
      if (error == boost::asio::error::operation_aborted) return;
      if (error) return accept_later();  // such as too many open files
      if (state_->connections < state_->settings.connection.connections) {
        std::make_shared<Connection>(std::move(socket), *state_)->wait_for_request();
      } else {
        turn_away(std::move(socket));
      }
      accept();
    });
  }

  /// Takes nothing new, lets end what runs, and then ends the loop.
  void drain() {
    if (std::exchange(state_->draining, true)) return;
    log_line({{"event", "draining"}, {"answering", state_->answering}});
    if (!state_->served) return state_->io.stop();
    drainer_ = std::jthread([this] {
      const auto now = std::chrono::steady_clock::now();
      state_->served->scheduler.drain(now + std::chrono::seconds(state_->settings.drain_seconds));
      boost::asio::post(state_->io, [this] { stop_when_written(100); });
    });
  }

 private:
  void accept_later() {
    later_.expires_after(std::chrono::milliseconds(100));
    later_.async_wait([this](boost::system::error_code error) {
      if (!error) accept();
    });
  }

  static void turn_away(Tcp::socket socket) {
    const auto kept = std::make_shared<Tcp::socket>(std::move(socket));
    const auto text = std::make_shared<std::string>(whole_text(
        answer_of({503, "", "too_many_connections", "there are too many connections; try again later"}), false));
    boost::asio::async_write(*kept, boost::asio::buffer(*text),
                             [kept, text](boost::system::error_code, std::size_t) {
                               boost::system::error_code ignored;
                               kept->shutdown(Tcp::socket::shutdown_both, ignored);
                             });
  }

  /// Clients get a moment to read what was answered.
  void stop_when_written(int tries) {
    if (state_->answering == 0 || tries == 0) return state_->io.stop();
    later_.expires_after(std::chrono::milliseconds(50));
    later_.async_wait([this, tries](boost::system::error_code) { stop_when_written(tries - 1); });
  }

  ServerState* state_;
  Tcp::acceptor acceptor_;
  boost::asio::steady_timer later_;
  std::jthread drainer_;
};

}  // namespace example
