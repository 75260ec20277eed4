// One choice of an answer: its text and, where they were asked for, its tokens.
#pragma once

#include <algorithm>
#include <asterism/generate/any_model.hpp>
#include <asterism/serve/request.hpp>
#include <asterism/serve/response.hpp>
#include <asterism/serve/token_texts.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

using namespace asterism;

/// Takes the parts of an answer in order, and returns each as its client sees it: with the prompt before it where that
/// is echoed, of a chat without end tokens, without anything where nothing was to be answered.
class ChoiceText {
 public:
  ChoiceText(const AnyModel& model, const serve::CompletionRequest& request, const std::vector<TokenId>& prompt)
      : model_(&model), request_(&request), echoed_(request.echo ? prompt : std::vector<TokenId>{}) {
    if (!request.options.top_logprobs) return;
    whole_.tokens.emplace();
    const bool continues = !request.is_chat && !request.echo;
    texts_.emplace(model.tokenizer(), continues ? View<const TokenId>(prompt) : View<const TokenId>());
  }

  /// What is new.
  serve::Choice add(const std::vector<TokenId>& tokens, const std::vector<TokenScore>& scores,
                    const std::vector<TokenScore>& prompt_scores, std::string_view text) {
    serve::Choice fresh;
    std::vector<serve::ShownToken> shown;
    if (!echoed_.empty()) {
      fresh.text = model_->tokenizer().decode(echoed_, {.skip_special_tokens = true});
      if (texts_) shown.push_back(texts_->add(echoed_.front()));
      echoed_.clear();
    }
    for (const TokenScore& score : prompt_scores) shown.push_back(texts_->add(score));
    if (!request_->answer_nothing) {
      fresh.text += text;
      for (std::size_t i = 0; i < scores.size(); ++i) {
        if (!request_->is_chat || !ends(tokens[i])) shown.push_back(texts_->add(scores[i]));
      }
    }
    whole_.text += fresh.text;
    if (!shown.empty()) {
      whole_.tokens->insert(whole_.tokens->end(), shown.begin(), shown.end());
      fresh.tokens = std::move(shown);
    }
    return fresh;
  }

  void end(FinishReason reason) { whole_.reason = reason; }
  const serve::Choice& whole() const { return whole_; }
  /// False when it is called for the first time.
  bool begun() { return std::exchange(begun_, true); }

 private:
  bool ends(TokenId token) const {
    const std::vector<TokenId>& all = model_->end_tokens();
    return std::ranges::find(all, token) != all.end();
  }

  const AnyModel* model_;
  const serve::CompletionRequest* request_;
  std::vector<TokenId> echoed_;  ///< until it is echoed
  std::optional<serve::TokenTexts> texts_;
  serve::Choice whole_;
  bool begun_ = false;
};

}  // namespace example
