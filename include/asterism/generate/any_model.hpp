// A model of any compiled variant, chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/any_batch.hpp"
#include "asterism/generate/decoding/text_stream.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/memory_report.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

/// An answer as a range of pieces of text; see TextStream. One virtual call per piece.
class AnyTextStream {
 public:
  template <class Session>
  explicit AnyTextStream(TextStream<Session> stream)
      : source_(std::make_unique<SourceOf<Session>>(std::move(stream))) {}

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(AnyTextStream& stream) : stream_(&stream) { ++*this; }

    std::string_view operator*() const { return piece_; }
    Iterator& operator++() {
      piece_ = stream_->source_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.piece_.empty(); }

   private:
    AnyTextStream* stream_ = nullptr;
    std::string_view piece_;
  };

  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  struct Source {
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;
    virtual std::string_view next() = 0;  ///< empty at the end
  };

  template <class Session>
  struct SourceOf final : Source {
    explicit SourceOf(TextStream<Session> from) : stream(std::move(from)) {}
    std::string_view next() override {
      if (begun) {
        ++at;
      } else {
        at = stream.begin();
        begun = true;
      }
      return at == stream.end() ? std::string_view() : *at;
    }
    TextStream<Session> stream;
    typename TextStream<Session>::Iterator at;
    bool begun = false;
  };

  std::unique_ptr<Source> source_;
};

/// One conversation with an AnyModel; its members are those of Session.
class AnySession {
 public:
  template <class B>
  explicit AnySession(Session<B> session) : session_(std::make_unique<SessionOf<B>>(std::move(session))) {}

  AnyTextStream generate(std::string_view prompt, GenerateOptions options = {}) & {
    return session_->generate(prompt, std::move(options));
  }
  AnyTextStream chat(View<const text::Message> messages, GenerateOptions options = {}) & {
    return session_->chat(messages, std::move(options));
  }
  std::vector<TokenId> generate_tokens(View<const TokenId> prompt, const GenerateOptions& options = {}) {
    return session_->generate_tokens(prompt, options);
  }
  std::vector<float> logits(View<const TokenId> tokens) { return session_->logits(tokens); }
  std::vector<float> log_probabilities(View<const TokenId> tokens, std::size_t first = 1) {
    return session_->log_probabilities(tokens, first);
  }
  const GenerationStats& last() const { return session_->last(); }
  View<const TokenId> tokens() const { return session_->tokens(); }
  void clear() { session_->clear(); }

 private:
  struct Base {
    Base() = default;
    Base(const Base&) = delete;
    Base& operator=(const Base&) = delete;
    virtual ~Base() = default;
    virtual AnyTextStream generate(std::string_view prompt, GenerateOptions options) = 0;
    virtual AnyTextStream chat(View<const text::Message> messages, GenerateOptions options) = 0;
    virtual std::vector<TokenId> generate_tokens(View<const TokenId> prompt, const GenerateOptions& options) = 0;
    virtual std::vector<float> logits(View<const TokenId> tokens) = 0;
    virtual std::vector<float> log_probabilities(View<const TokenId> tokens, std::size_t first) = 0;
    virtual const GenerationStats& last() const = 0;
    virtual View<const TokenId> tokens() const = 0;
    virtual void clear() = 0;
  };

  template <class B>
  struct SessionOf final : Base {
    explicit SessionOf(Session<B> from) : session(std::move(from)) {}
    AnyTextStream generate(std::string_view prompt, GenerateOptions options) override {
      return AnyTextStream(session.generate(prompt, std::move(options)));
    }
    AnyTextStream chat(View<const text::Message> messages, GenerateOptions options) override {
      return AnyTextStream(session.chat(messages, std::move(options)));
    }
    std::vector<TokenId> generate_tokens(View<const TokenId> prompt, const GenerateOptions& options) override {
      return session.generate_tokens(prompt, options);
    }
    std::vector<float> logits(View<const TokenId> tokens) override { return session.logits(tokens); }
    std::vector<float> log_probabilities(View<const TokenId> tokens, std::size_t first) override {
      return session.log_probabilities(tokens, first);
    }
    const GenerationStats& last() const override { return session.last(); }
    View<const TokenId> tokens() const override { return session.tokens(); }
    void clear() override { session.clear(); }
    Session<B> session;
  };

  std::unique_ptr<Base> session_;
};

/// A loaded model whose variant is known only at run time: a thin handle for programs that choose among compiled
/// variants. Everything inside stays typed; its members are those of LanguageModel.
class AnyModel {
 public:
  template <class B>
  explicit AnyModel(LanguageModel<B> model) : model_(std::make_unique<ModelOf<B>>(std::move(model))) {}

  AnySession session(SessionOptions options = {}) const& { return model_->session(options); }
  AnySession session(SessionOptions options = {}) const&& = delete;  // the session would outlive the model
  AnyBatch batch(std::size_t rows, const BatchOptions& options = {}) const& {
    return model_->batch(rows, options);
  }
  AnyBatch batch(std::size_t rows, const BatchOptions& options = {}) const&& = delete;
  const Shape& shape() const { return model_->shape(); }
  const Limits& limits() const { return model_->limits(); }
  const placement::Plan& plan() const { return model_->plan(); }
  GenerateOptions recommended() const { return model_->recommended(); }
  const std::vector<TokenId>& end_tokens() const { return model_->end_tokens(); }
  bool has_tokenizer() const { return model_->has_tokenizer(); }
  const text::Tokenizer& tokenizer() const { return model_->tokenizer(); }
  const text::ChatTemplate& chat_template() const { return model_->chat_template(); }
  generate::Prompt prompt(std::string_view text, const GenerateOptions& options) const {
    return model_->prompt(text, options);
  }
  generate::Prompt prompt(View<const TokenId> tokens, const GenerateOptions& options) const {
    return model_->prompt(tokens, options);
  }
  generate::Prompt chat_prompt(View<const text::Message> messages, const GenerateOptions& options) const {
    return model_->chat_prompt(messages, options);
  }
  void set_timeline(std::shared_ptr<observe::Timeline> timeline) const {
    model_->set_timeline(std::move(timeline));
  }
  residency::SlotCounts slot_counts() const { return model_->slot_counts(); }
  std::int32_t fit_slots(std::size_t device, Bytes budget) const { return model_->fit_slots(device, budget); }
  std::int32_t expert_slots(std::size_t device) const { return model_->expert_slots(device); }
  std::vector<generate::ArenaUse> arena_use() const { return model_->arena_use(); }
  std::string memory_report() const { return model_->memory_report(); }

 private:
  struct Base {
    Base() = default;
    Base(const Base&) = delete;
    Base& operator=(const Base&) = delete;
    virtual ~Base() = default;
    virtual AnySession session(SessionOptions options) const = 0;
    virtual AnyBatch batch(std::size_t rows, const BatchOptions& options) const = 0;
    virtual const Shape& shape() const = 0;
    virtual const Limits& limits() const = 0;
    virtual const placement::Plan& plan() const = 0;
    virtual GenerateOptions recommended() const = 0;
    virtual const std::vector<TokenId>& end_tokens() const = 0;
    virtual bool has_tokenizer() const = 0;
    virtual const text::Tokenizer& tokenizer() const = 0;
    virtual const text::ChatTemplate& chat_template() const = 0;
    virtual generate::Prompt prompt(std::string_view text, const GenerateOptions& options) const = 0;
    virtual generate::Prompt prompt(View<const TokenId> tokens, const GenerateOptions& options) const = 0;
    virtual generate::Prompt chat_prompt(View<const text::Message> messages,
                                         const GenerateOptions& options) const = 0;
    virtual void set_timeline(std::shared_ptr<observe::Timeline> timeline) const = 0;
    virtual residency::SlotCounts slot_counts() const = 0;
    virtual std::int32_t fit_slots(std::size_t device, Bytes budget) const = 0;
    virtual std::int32_t expert_slots(std::size_t device) const = 0;
    virtual std::vector<generate::ArenaUse> arena_use() const = 0;
    virtual std::string memory_report() const = 0;
  };

  template <class B>
  struct ModelOf final : Base {
    explicit ModelOf(LanguageModel<B> from) : model(std::move(from)) {}
    AnySession session(SessionOptions options) const override { return AnySession(model.session(options)); }
    AnyBatch batch(std::size_t rows, const BatchOptions& options) const override {
      return AnyBatch(model.batch(rows, options));
    }
    const Shape& shape() const override { return model.shape(); }
    const Limits& limits() const override { return model.limits(); }
    const placement::Plan& plan() const override { return model.plan(); }
    GenerateOptions recommended() const override { return model.recommended(); }
    const std::vector<TokenId>& end_tokens() const override { return model.end_tokens(); }
    bool has_tokenizer() const override { return model.has_tokenizer(); }
    const text::Tokenizer& tokenizer() const override { return model.tokenizer(); }
    const text::ChatTemplate& chat_template() const override { return model.chat_template(); }
    generate::Prompt prompt(std::string_view text, const GenerateOptions& options) const override {
      return model.prompt(text, options);
    }
    generate::Prompt prompt(View<const TokenId> tokens, const GenerateOptions& options) const override {
      return model.prompt(tokens, options);
    }
    generate::Prompt chat_prompt(View<const text::Message> messages,
                                 const GenerateOptions& options) const override {
      return model.chat_prompt(messages, options);
    }
    void set_timeline(std::shared_ptr<observe::Timeline> timeline) const override {
      model.set_timeline(std::move(timeline));
    }
    residency::SlotCounts slot_counts() const override { return model.slot_counts(); }
    std::int32_t fit_slots(std::size_t device, Bytes budget) const override {
      return model.fit_slots(device, budget);
    }
    std::int32_t expert_slots(std::size_t device) const override { return model.expert_slots(device); }
    std::vector<generate::ArenaUse> arena_use() const override { return model.arena_use(); }
    std::string memory_report() const override { return model.memory_report(); }
    LanguageModel<B> model;
  };

  std::unique_ptr<Base> model_;
};

}  // namespace asterism
