// A text encoder of a loaded language model: the mean of its last hidden states.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"

namespace asterism::encode {

/// A text's vector is the mean over its tokens of the states behind the last layer and the final norm
/// (Session::visit_hidden). Special tokens that the tokenizer adds count only where the text has no others; of a text
/// without any tokens all numbers are equal. Of texts longer than the context the beginning counts. Models TextEncoder;
/// texts take turns with each other and with the model's other passes. The fingerprint is made of the checkpoint's
/// (LanguageModel::fingerprint), the formats of weights and activations, and the context; not of the KvCache policy.
/// A model that was made to write text is a poor judge of likeness: measure before you rely on it.
template <class B>
class ModelEncoder {
 public:
  /// Draws the caches of one session from the model's devices: the plan has room for limits().batch of them. Throws
  /// BudgetExceeded if they have none, FileError if the model has no tokenizer, InvalidArgument if it is wider than
  /// 4096 or was not made by `load`. The model must outlive it.
  explicit ModelEncoder(const LanguageModel<B>& model)
      : model_(&model), session_(std::make_unique<Session<B>>(model, SessionOptions{})) {
    model.tokenizer();
    if (dim() > 4096) throw InvalidArgument(concat("vectors of ", dim(), " numbers are too wide: at most 4096"));
    if (model.fingerprint() == 0) throw InvalidArgument("the model was not made by load: it has no fingerprint");
    std::string settings = concat("ModelEncoder 1 ", model.fingerprint(), ' ', model.limits().context, ' ',
                                  B::Quantization::name(), ' ', B::Embedding::name());
    if constexpr (requires { B::Backend::ActivationPolicy::name(); }) {
      settings += concat(' ', B::Backend::ActivationPolicy::name());
    }
    if (const std::uint64_t formats = model.formats_fingerprint(); formats != 0) settings += concat(' ', formats);
    fingerprint_ = hash_of(settings);
  }

  std::size_t dim() const { return static_cast<std::size_t>(model_->shape().hidden); }
  std::uint64_t fingerprint() const { return fingerprint_; }
  void encode(View<const std::string_view> texts, MatrixView<float> out) const {
    check_encode(texts.size, dim(), out);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < texts.size; ++i) encode_one(texts[i], out.row(i));
  }

 private:
  void encode_one(std::string_view text, View<float> out) const {
    std::vector<TokenId> tokens = model_->tokenizer().encode(text, {.parse_special = false});
    tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(model_->limits().context)));
    const auto counts = [&](TokenId token) { return !model_->tokenizer().is_special(token); };
    const bool any = std::any_of(tokens.begin(), tokens.end(), counts);
    std::vector<double> sums(dim(), tokens.empty() ? 1.0 : 0.0);
    if (!tokens.empty()) {
      session_->visit_hidden(View<const TokenId>(tokens), [&](std::size_t position, View<const float> hidden) {
        if (any && !counts(tokens[position])) return;
        for (std::size_t c = 0; c < hidden.size; ++c) sums[c] += double{hidden[c]};
      });
    }
    const std::vector<float> mean(sums.begin(), sums.end());
    index::write_unit(View<const float>(mean), out);
  }

  const LanguageModel<B>* model_;
  std::unique_ptr<Session<B>> session_;
  mutable std::mutex mutex_;  ///< of the session
  std::uint64_t fingerprint_ = 0;
};

}  // namespace asterism::encode
