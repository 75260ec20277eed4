// One pass of the network over tokens of several sequences, each of which may give its request a token.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/request.hpp"
#include "asterism/generate/sampler.hpp"
#include "asterism/generate/sequence.hpp"

namespace asterism::generate {

/// Put together anew for each pass: `clear`, `add` while there is room, `run`. What was added has to stay where it
/// is until then.
template <class B>
class Pass {
 public:
  explicit Pass(const LanguageModel<B>& model)
      : model_(&model),
        sampler_(static_cast<std::size_t>(model.shape().vocabulary)),
        logits_(static_cast<std::size_t>(model.shape().vocabulary)) {}

  void clear() {
    shares_.clear();
    segments_.clear();
    tokens_.clear();
  }
  /// Tokens in it, prefill_chunk at most.
  std::size_t size() const { return tokens_.size(); }

  /// Puts the pending tokens of a sequence in, as many as there is room for. Each sequence once.
  void add(Sequence<B>& sequence, Request& request) {
    const std::size_t room = static_cast<std::size_t>(model_->limits().prefill_chunk) - size();
    const std::size_t rows = std::min(room, sequence.pending());
    if (rows == 0) return;
    const View<const TokenId> next = sequence.next(rows);
    tokens_.insert(tokens_.end(), next.begin(), next.end());
    segments_.push_back(sequence.segment(rows));
    shares_.push_back({.sequence = &sequence, .request = &request, .rows = rows});
  }

  /// Computes the tokens. Each request whose sequence has nothing pending then gets a token. Throws what the network
  /// throws, and NumericError naming the request whose numbers overflow: it and those behind it are as before.
  void run() {
    const Clock::time_point start = Clock::now();
    const auto turn = model_->lock_workspace();
    forward(turn.workspace());
    // Logits of the last rows of sequences, neighbours together.
    const std::size_t most = turn.workspace().head().logits.rows();
    std::size_t row = 0;
    for (std::size_t i = 0; i < shares_.size();) {
      row += shares_[i].rows;
      if (!shares_[i].completes()) {
        advance(shares_[i++], start);
        continue;
      }
      std::size_t count = 1;
      while (count < most && i + count < shares_.size() && shares_[i + count].rows == 1 &&
             shares_[i + count].completes()) {
        ++count;
      }
      Movements movements{View<const Share>(shares_).subview(i, count)};
      const auto logits = model_->network().logits(model_->devices(), turn.workspace(), row - 1, count, movements);
      for (std::size_t k = 0; k < count; ++k) choose_token(shares_[i + k], logits.rows_at(k, 1), start);
      row += count - 1;
      i += count;
    }
  }

 private:
  using Clock = Request::Clock;
  using Segment = typename Sequence<B>::Segment;
  using Workspace = typename LanguageModel<B>::Workspace;

  /// Rows of the pass that belong to one sequence.
  struct Share {
    Sequence<B>* sequence = nullptr;
    Request* request = nullptr;
    std::size_t rows = 0;

    bool completes() const { return sequence->pending() == rows; }
  };

  /// Tells each sequence of its part of what moved between devices.
  struct Movements {
    View<const Share> shares;

    void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
      for (const Share& share : shares) share.sequence->observer().moved(from, to, {bytes.count / shares.size});
    }
  };

  void forward(const Workspace& workspace) {
    const auto& network = model_->network();
    try {
      network.forward(model_->devices(), workspace, View<const Segment>(segments_), tokens_);
    } catch (const NumericError&) {  // of whom? Rows do not depend on each other
      std::size_t row = 0;
      for (std::size_t i = 0; i < shares_.size(); row += shares_[i++].rows) {
        const View<const TokenId> tokens = View<const TokenId>(tokens_).subview(row, shares_[i].rows);
        try {
          network.forward(model_->devices(), workspace, View<const Segment>(&segments_[i], 1), tokens);
        } catch (const NumericError& error) {
          refuse(shares_[i], error);
        }
      }
      throw;
    }
  }

  [[noreturn]] static void refuse(const Share& share, const NumericError& error) {
    throw NumericError(
        concat("request ", share.request->answer.id, ": ", error.what(), "; cancel it to go on with the others"));
  }

  /// The share has been computed.
  static void advance(const Share& share, Clock::time_point start) {
    share.request->add_time(std::chrono::duration<double>(Clock::now() - start).count());
    share.sequence->advance(share.rows);
  }

  /// The same for a share that completes its sequence: the answer has one token more.
  void choose_token(const Share& share, backend::DeviceMatrix<const float> logits, Clock::time_point start) {
    const auto device = static_cast<std::size_t>(model_->plan().head_device());
    model_->devices()[device]->download(logits, MatrixView<float>(logits_.data(), 1, logits_.size()));
    Request& request = *share.request;
    TokenId token = 0;
    try {
      token = sampler_.choose(logits_, share.sequence->tokens(), *request.options, request.random);
    } catch (const NumericError& error) {
      refuse(share, error);
    }
    advance(share, start);
    share.sequence->append(token);
    const std::int32_t count = request.answer.outcome.usage.completion_tokens + 1;
    request.add_token(token, share.sequence->finish_reason(count, *request.options));
  }

  const LanguageModel<B>* model_;
  Sampler sampler_;
  std::vector<float> logits_;
  std::vector<Share> shares_;
  std::vector<Segment> segments_;  ///< the shares for the network
  std::vector<TokenId> tokens_;    ///< theirs
};

}  // namespace asterism::generate
