// A batch of any compiled variant, chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/answer_sink.hpp"
#include "asterism/generate/batch.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"

namespace asterism {

/// Continuous batching on an AnyModel; its members are those of Batch, without hooks. One virtual call a pass.
class AnyBatch {
 public:
  template <class B>
  explicit AnyBatch(Batch<B> batch) : batch_(std::make_unique<BatchOf<B>>(std::move(batch))) {}

  std::uint64_t add_prompt(generate::Prompt prompt, bool continues_prompt, const GenerateOptions& options = {},
                           SessionOptions session = {}, AnswerSink* sink = nullptr) {
    return batch_->add_prompt(std::move(prompt), continues_prompt, options, std::move(session), sink);
  }
  void check(View<const TokenId> prompt, const GenerateOptions& options) const { batch_->check(prompt, options); }
  bool cancel(std::uint64_t id) { return batch_->cancel(id); }
  std::vector<BatchAnswer> step() { return batch_->step(); }
  std::vector<BatchAnswer> step(std::size_t prompt_rows) { return batch_->step(prompt_rows); }
  std::vector<BatchAnswer> run() { return batch_->run(); }
  std::size_t rows() const { return batch_->rows(); }
  std::size_t active() const { return batch_->active(); }
  std::size_t requests() const { return batch_->requests(); }
  PassRows last_pass() const { return batch_->last_pass(); }

 private:
  struct Base {
    Base() = default;
    Base(const Base&) = delete;
    Base& operator=(const Base&) = delete;
    virtual ~Base() = default;
    virtual std::uint64_t add_prompt(generate::Prompt prompt, bool continues_prompt,
                                     const GenerateOptions& options, SessionOptions session, AnswerSink* sink) = 0;
    virtual void check(View<const TokenId> prompt, const GenerateOptions& options) const = 0;
    virtual bool cancel(std::uint64_t id) = 0;
    virtual std::vector<BatchAnswer> step() = 0;
    virtual std::vector<BatchAnswer> step(std::size_t prompt_rows) = 0;
    virtual std::vector<BatchAnswer> run() = 0;
    virtual std::size_t rows() const = 0;
    virtual std::size_t active() const = 0;
    virtual std::size_t requests() const = 0;
    virtual PassRows last_pass() const = 0;
  };

  template <class B>
  struct BatchOf final : Base {
    explicit BatchOf(Batch<B> from) : batch(std::move(from)) {}
    std::uint64_t add_prompt(generate::Prompt prompt, bool continues_prompt, const GenerateOptions& options,
                             SessionOptions session, AnswerSink* sink) override {
      return batch.add_prompt(std::move(prompt), continues_prompt, options, session, {}, sink);
    }
    void check(View<const TokenId> prompt, const GenerateOptions& options) const override {
      batch.check(prompt, options);
    }
    bool cancel(std::uint64_t id) override { return batch.cancel(id); }
    std::vector<BatchAnswer> step() override { return batch.step(); }
    std::vector<BatchAnswer> step(std::size_t prompt_rows) override { return batch.step(prompt_rows); }
    std::vector<BatchAnswer> run() override { return batch.run(); }
    std::size_t rows() const override { return batch.rows(); }
    std::size_t active() const override { return batch.active(); }
    std::size_t requests() const override { return batch.requests(); }
    PassRows last_pass() const override { return batch.last_pass(); }
    Batch<B> batch;
  };

  std::unique_ptr<Base> batch_;
};

}  // namespace asterism
