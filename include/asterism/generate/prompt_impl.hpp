// Bodies of prompt.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/prompt.hpp"

namespace asterism::generate {

ASTERISM_INLINE std::size_t room_of_prompt(const GenerateOptions& options, std::int32_t context) {
  if (options.truncation == Truncation::refuse) return static_cast<std::size_t>(context);
  const std::int64_t tokens = std::int64_t{context} + 1;  // the last one of an answer needs no room in the caches
  return static_cast<std::size_t>(std::max(tokens - options.max_tokens, tokens / 2));
}

ASTERISM_INLINE Prompt fit(std::vector<TokenId> tokens, std::size_t special, const GenerateOptions& options,
                           std::int32_t context) {
  const std::size_t room = room_of_prompt(options, context);
  Prompt out{.tokens = std::move(tokens)};
  if (options.truncation == Truncation::refuse || out.tokens.size() <= room) return out;
  const std::size_t dropped = out.tokens.size() - room;
  std::size_t kept_first = special < room ? special : 0;
  if (options.truncation == Truncation::keep_both_ends) kept_first = std::max(kept_first, room / 2);
  const auto first = out.tokens.begin() + static_cast<std::ptrdiff_t>(kept_first);
  out.tokens.erase(first, first + static_cast<std::ptrdiff_t>(dropped));
  out.dropped_tokens = static_cast<std::int32_t>(dropped);
  return out;
}

ASTERISM_INLINE Prompt fit(View<const text::Message> messages,
                           const std::function<std::vector<TokenId>(View<const text::Message>)>& encode,
                           const GenerateOptions& options, std::int32_t context) {
  Prompt whole{.tokens = encode(messages)};
  const std::size_t room = room_of_prompt(options, context);
  if (options.truncation == Truncation::refuse || whole.tokens.size() <= room) return whole;

  std::vector<std::size_t> turns;  // where each begins
  for (std::size_t i = 0; i < messages.size; ++i) {
    if (messages[i].role == "user") turns.push_back(i);
  }
  const std::size_t oldest = options.truncation == Truncation::keep_both_ends ? 1 : 0;
  const auto without = [&](std::size_t count) {
    std::vector<text::Message> kept(messages.begin(), messages.end());
    if (count > 0) {
      const auto first = kept.begin() + static_cast<std::ptrdiff_t>(turns[oldest]);
      const auto end = kept.begin() + static_cast<std::ptrdiff_t>(turns[oldest + count]);
      const auto is_dropped = [](const text::Message& message) { return message.role != "system"; };
      kept.erase(std::remove_if(first, end, is_dropped), end);
    }
    Prompt out{.tokens = encode(View<const text::Message>(kept))};
    out.dropped_turns = static_cast<std::int32_t>(count);
    out.dropped_tokens =
        static_cast<std::int32_t>(whole.tokens.size() - std::min(whole.tokens.size(), out.tokens.size()));
    return out;
  };
  // The fewest turns to drop, by halving: all but the last one may go, and, where both ends stay, the first.
  const std::size_t most = turns.size() > oldest + 1 ? turns.size() - oldest - 1 : 0;
  std::size_t too_few = 0;
  Prompt best = without(most);
  std::size_t enough = most;
  while (enough - too_few > 1) {
    const std::size_t middle = too_few + (enough - too_few) / 2;
    Prompt tried = without(middle);
    if (tried.tokens.size() <= room) {
      best = std::move(tried);
      enough = middle;
    } else {
      too_few = middle;
    }
  }
  if (best.tokens.size() > static_cast<std::size_t>(context)) {
    throw InvalidArgument(concat("what stays of the conversation when ", most, " of its ", turns.size(),
                                 " turns are left out has ", best.tokens.size(), " tokens, the context holds ",
                                 context, ": shorten the ", oldest == 1 ? "first, " : "",
                                 "system's or last message, or raise Limits::context"));
  }
  return best;
}

}  // namespace asterism::generate
