// One connection of a client: requests one after the other, each answered before the next is read.
#pragma once

#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/serve/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "completion.hpp"
#include "http_text.hpp"
#include "log.hpp"
#include "outbox.hpp"
#include "routes.hpp"

namespace example {

/// Waits for a request, reads its header and body within their bounds, and answers. While it answers it goes on
/// reading, so that it hears when the client leaves. Used by the thread of the sockets; lives as long as something is
/// to happen.
class Connection final : public Client, public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Error = boost::system::error_code;

  Connection(Socket socket, ServerState& state)
      : state_(&state),
        limits_(&state.settings.connection),
        socket_(std::move(socket)),
        timer_(state.io),
        outbox_(socket_, std::chrono::seconds(limits_->unread_seconds)) {
    ++state_->connections;
    Error ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    // Else the system takes megabytes that nobody reads.
    const std::size_t unread = std::min(limits_->unread_bytes, std::size_t{64} << 10U);
    socket_.set_option(Socket::send_buffer_size(static_cast<int>(unread)), ignored);
    if (const auto peer = socket_.remote_endpoint(ignored); !ignored) client_ = peer.address().to_string();
    if (const auto own = socket_.local_endpoint(ignored); !ignored) address_ = text_of(own.address());
  }
  ~Connection() override {
    end_request();
    --state_->connections;
  }

  void wait_for_request() {
    if (buffer_.size() > 0) return read_header();
    within(limits_->idle_seconds);
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](Error error) {
      if (!error) self->read_header();
    });
  }

  // Client
  void answer(const std::string& body) override { respond({.status = 200, .body = body}); }
  void refuse(const serve::ApiError& error) override {
    log_.failed(error);
    respond(answer_of(error));
  }
  void begin_stream() override {
    log_.status = 200;
    outbox_.add(shared_from_this(), stream_head(chunked_, keep_alive_, cors_));
  }
  void stream(std::string_view events) override {
    if (closed_) return;
    if (outbox_.waiting() > limits_->unread_bytes) return give_up("it reads too slowly");
    outbox_.add(shared_from_this(), chunked_ ? chunk_of(events) : std::string(events));
  }
  void end_stream(const serve::ApiError* error) override {
    if (closed_) return;
    if (error != nullptr) log_.failed(*error);
    answered_ = true;
    if (chunked_) return outbox_.add(shared_from_this(), last_chunk);
    if (outbox_.waiting() == 0) all_written();
  }
  void count(const serve::TokenCounts& counts) override { log_.counts = counts; }

  // of the outbox
  void all_written() {
    if (closed_ || !answered_) return;
    end_request();
    if (!keep_alive_) return close_gently();
    if (!watching_) return wait_for_request();
    goes_on_ = true;  // the read that watched ends, then the next request is read
    Error ignored;
    socket_.cancel(ignored);
  }
  void write_failed(std::string_view why) { give_up(why); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// What follows has to come within that time, or the connection ends.
  void within(std::uint32_t seconds) {
    timer_.expires_after(std::chrono::seconds(seconds));
    timer_.async_wait([self = weak_from_this()](Error error) {
      const auto connection = self.lock();
      if (error || !connection || connection->timer_.expiry() > std::chrono::steady_clock::now()) return;
      connection->give_up("it took too long");
    });
  }
  void without_end() { timer_.expires_at(std::chrono::steady_clock::time_point::max()); }

  void read_header() {
    parser_.emplace();
    parser_->header_limit(limits_->header_bytes);
    parser_->body_limit(limits_->body_bytes);
    within(limits_->header_seconds);
    boost::beast::http::async_read_header(socket_, buffer_, *parser_,
                                          [self = shared_from_this()](Error error, std::size_t) {
                                            if (error) return self->reading_failed(error);
                                            self->begin_request();
                                          });
  }

  void begin_request() {
    const auto& header = parser_->get();
    log_ = {.id = "req-" + state_->new_id(),
            .client = client_,
            .method = std::string(header.method_string()),
            .route = "",
            .why = ""};
    in_request_ = true;
    ++state_->answering;
    keep_alive_ = header.keep_alive();
    chunked_ = header.version() >= 11;
    if (!chunked_) keep_alive_ = false;
    cors_.clear();
    try {
      cors_ = check_access(*state_, header, address_);
    } catch (const serve::ApiError& error) {
      keep_alive_ = parser_->is_done() && keep_alive_;  // what is not read would be taken for the next request
      return refuse(error);
    }
    if (header[boost::beast::http::field::expect] == "100-continue") {
      outbox_.add(shared_from_this(), "HTTP/1.1 100 Continue\r\n\r\n");
    }
    within(limits_->body_seconds);
    boost::beast::http::async_read(socket_, buffer_, *parser_,
                                   [self = shared_from_this()](Error error, std::size_t) {
                                     if (error) return self->reading_failed(error);
                                     self->handle();
                                   });
  }

  void reading_failed(Error error) {
    using BeastError = boost::beast::http::error;
    if (closed_) return;
    const bool too_large = error == BeastError::body_limit || error == BeastError::header_limit;
    const bool is_beast = error.category() == make_error_code(BeastError::bad_method).category();
    if (!is_beast || error == BeastError::end_of_stream || error == BeastError::partial_message) {
      return give_up("it has left");
    }
    if (!in_request_) {
      log_ = {.id = "req-" + state_->new_id(), .client = client_, .method = "", .route = "", .why = ""};
      in_request_ = true;
      ++state_->answering;
    }
    keep_alive_ = false;
    if (too_large) {
      return refuse({413, "", "request_too_large",
                     concat("the request is too large: at most ", limits_->header_bytes, " bytes of header and ",
                            limits_->body_bytes, " of body are read")});
    }
    refuse({400, "", "bad_request", "not a request of HTTP: " + error.message()});
  }

  void handle() {
    without_end();
    try {
      const Parser::value_type& request = parser_->get();
      if (state_->settings.log_prompts) log_.body = request.body();
      Routed routed = route(*state_, request, log_.route);
      if (routed.answer) return respond(std::move(*routed.answer));
      if (routed.work) {
        respond_later(std::move(routed.work));
        return watch();
      }
      log_.stream = routed.completion->stream;
      completion_ = std::make_shared<Completion>(*state_, weak_from_this(), std::move(*routed.completion));
      completion_->begin();
      watch();
    } catch (const serve::ApiError& error) {
      completion_.reset();
      refuse(error);
    } catch (const std::exception& error) {
      completion_.reset();
      refuse({500, "", "failed", error.what()});
    }
  }

  /// Makes the answer on another thread, and comes back with it.
  void respond_later(std::function<HttpAnswer()> work) {
    const auto finish = [io = &state_->io, self = weak_from_this()](auto&& result) {
      boost::asio::post(*io, [self, result = std::forward<decltype(result)>(result)]() mutable {
        if (const auto connection = self.lock()) connection->finish(std::move(result));
      });
    };
    boost::asio::post(state_->writer, [work = std::move(work), finish] {
      try {
        finish(work());
      } catch (const std::exception& error) {
        finish(serve::ApiError(500, "", "failed", error.what()));
      }
    });
  }
  void finish(HttpAnswer answer) { respond(std::move(answer)); }
  void finish(const serve::ApiError& error) { refuse(error); }

  void respond(HttpAnswer answer) {
    if (closed_) return;
    without_end();
    log_.status = answer.status;
    answer.headers.insert(answer.headers.end(), cors_.begin(), cors_.end());
    answer.headers.emplace_back("x-request-id", log_.id);
    answered_ = true;
    outbox_.add(shared_from_this(), whole_text(answer, keep_alive_));
  }

  /// Reads what comes while a request is answered: its end, or the beginning of the next.
  void watch() {
    watching_ = true;
    socket_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](Error error, std::size_t bytes) {
      self->watching_ = false;
      if (!error) self->buffer_.commit(bytes);
      if (self->closed_) return;
      if (std::exchange(self->goes_on_, false)) return self->wait_for_request();
      if (error) return self->give_up("it has left");
      if (self->buffer_.size() > self->limits_->header_bytes)
        return self->give_up("it sends more than one request");
      self->watch();
    });
  }

  void end_request() {
    if (!std::exchange(in_request_, false)) return;
    --state_->answering;
    log_.write();
    answered_ = false;
    completion_.reset();
  }

  void give_up(std::string_view why) {
    if (std::exchange(closed_, true)) return;
    if (completion_) completion_->abandon();
    if (log_.why.empty()) log_.why = concat("the client was given up: ", why);
    end_request();
    close();
  }

  void close() {
    closed_ = true;
    Error ignored;
    timer_.cancel();
    socket_.close(ignored);
  }

  /// Ends what is sent, and reads for a moment what was still under way, so that the client gets to see the answer.
  void close_gently() {
    Error ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    within(2);
    if (watching_) return;  // which goes on until the client closes too
    drop_rest(std::size_t{4} << 20U);
  }
  void drop_rest(std::size_t most) {
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(16384), [self = shared_from_this(), most](Error error, std::size_t n) {
      if (error || n >= most) return self->close();
      self->drop_rest(most - n);
    });
  }

  ServerState* state_;
  const ConnectionLimits* limits_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  Outbox outbox_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<Completion> completion_;
  RequestLog log_;
  HeaderList cors_;      ///< for pages of an origin that may ask
  std::string client_;   ///< its address
  std::string address_;  ///< of this side
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool in_request_ = false;  ///< between its header and the end of its answer
  bool answered_ = false;    ///< the whole answer is in the outbox
  bool watching_ = false;
  bool goes_on_ = false;
  bool closed_ = false;
};

}  // namespace example
