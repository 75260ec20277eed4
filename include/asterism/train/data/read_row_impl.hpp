// Bodies of read_row.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"
#include "asterism/train/data/read_examples.hpp"
#include "asterism/train/data/read_row.hpp"

namespace asterism::train::detail {

/// The members that a row is read from.
inline constexpr std::array<std::string_view, 11> row_keys = {"ids",    "counts",      "text",       "input",
                                                              "output", "prompt",      "completion", "question",
                                                              "answer", "instruction", "response"};

/// Names of the members of a question and of its answer, or of one member alone.
struct Pair {
  std::string_view question;
  std::string_view answer;
};

/// Where there is an instruction, "input" belongs to it.
inline constexpr std::array<Pair, 6> row_pairs = {{{"instruction", "response"},
                                                   {"input", "output"},
                                                   {"prompt", "completion"},
                                                   {"question", "answer"},
                                                   {"prompt", "answer"},
                                                   {"instruction", "output"}}};

/// The member, or nullptr if it is absent or null.
inline const json::Value* member(const json::Value& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

inline const std::string& text_member(const json::Value& object, std::string_view key, bool may_be_empty = false) {
  const json::Value& value = *member(object, key);
  if (!value.is_string()) {
    throw FormatError(concat("'", key, "' is ", value.type_name(), ", expected a string"));
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() && !may_be_empty) throw FormatError(concat("'", key, "' is empty"));
  return text;
}

/// Which of the forms the row has: "ids", "text" or a question and its answer. FormatError unless it is exactly one.
inline Pair form_of(const json::Value& object) {
  const auto has = [&](std::string_view key) { return member(object, key) != nullptr; };
  std::vector<Pair> forms;
  for (const std::string_view single : {"ids", "text"}) {
    if (has(single)) forms.push_back({single, {}});
  }
  for (const Pair& pair : row_pairs) {
    const bool taken = pair.question == "input" && has("instruction");
    if (!taken && has(pair.question) && has(pair.answer)) forms.push_back(pair);
  }
  const auto name = [](const Pair& form) {
    return form.answer.empty() ? concat("'", form.question, "'")
                               : concat("'", form.question, "' and '", form.answer, "'");
  };
  if (forms.size() > 1) {
    throw FormatError(
        concat("has ", name(forms[0]), ", but also ", name(forms[1]), ": which is meant is not clear"));
  }
  if (forms.size() == 1) return forms[0];
  for (const Pair& pair : row_pairs) {
    if (has(pair.question) == has(pair.answer)) continue;
    const bool asked = has(pair.question);
    throw FormatError(concat("has '", asked ? pair.question : pair.answer, "', but no '",
                             asked ? pair.answer : pair.question, "'"));
  }
  throw FormatError(
      "has none of 'ids', 'text', 'input' and 'output', 'prompt' and 'completion' or 'answer', 'question' and "
      "'answer', 'instruction' and 'response'");
}

inline std::size_t vocabulary_of(const ReadOptions& options) {
  return options.vocabulary != 0 ? options.vocabulary : options.tokenizer->vocabulary_size();
}

/// The integers from 0 to `most` of an array.
template <class T>
void read_array(const json::Value& object, std::string_view key, std::int64_t most, std::vector<T>& out) {
  const json::Value& array = *member(object, key);
  if (!array.is_array()) throw FormatError(concat("'", key, "' is ", array.type_name(), ", expected an array"));
  out.reserve(array.size());
  for (const json::Value& value : array) {
    const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
    if (!fits) {
      throw FormatError(concat("'", key, "' holds ", printable(value.dump(-1, ' ', true), 40), " at place ",
                               out.size(), ", expected an integer from 0 to ", most));
    }
    out.push_back(static_cast<T>(value.get<std::uint64_t>()));
  }
}

inline void read_ids(const json::Value& object, const ReadOptions& options, Row& row) {
  read_array(object, "ids", static_cast<std::int64_t>(vocabulary_of(options)) - 1, row.ids);
  if (row.ids.empty()) throw FormatError("'ids' is empty");
  if (member(object, "counts") == nullptr) {
    row.counts.assign(row.ids.size(), 1);
    row.counts.back() = 0;
    return;
  }
  read_array(object, "counts", 1, row.counts);
  if (row.counts.size() != row.ids.size()) {
    throw FormatError(concat("'counts' has ", row.counts.size(), " values, 'ids' ", row.ids.size()));
  }
  if (row.counts.back() != 0)
    throw FormatError("the last of 'counts' is 1, but no token follows that it predicts");
}

inline std::vector<TokenId> encoded(const ReadOptions& options, std::string_view text, text::EncodeOptions how) {
  try {
    return options.tokenizer->encode(text, how);
  } catch (const InvalidArgument& error) {
    throw FormatError(concat("can't be tokenized: ", error.what()));
  }
}

/// Counts from the first token on in which `ids` and those of the question alone differ; `asked` is empty for text
/// that counts as a whole.
inline void count_answer(const std::vector<TokenId>& asked, bool count_prompts, Row& row) {
  const auto same = std::mismatch(row.ids.begin(), row.ids.end(), asked.begin(), asked.end()).first;
  const auto shared = static_cast<std::size_t>(same - row.ids.begin());
  row.counts.assign(row.ids.size(), 0);
  for (std::size_t i = 0; i + 1 < row.ids.size(); ++i) row.counts[i] = count_prompts || i + 1 >= shared ? 1 : 0;
}

inline void read_pair(const json::Value& object, const Pair& form, const ReadOptions& options, Row& row) {
  std::string question = text_member(object, form.question);
  const std::string& answer = text_member(object, form.answer);
  if (form.question == "instruction" && member(object, "input") != nullptr) {
    const std::string& input = text_member(object, "input", true);
    if (!input.empty()) question += concat("\n\n", input);
  }
  std::vector<TokenId> asked;
  if (options.chat != nullptr) {
    std::vector<text::Message> messages = {{"user", std::move(question)}};
    const text::EncodeOptions as_rendered{.add_special_tokens = false};
    asked = encoded(options, options.chat->render(messages), as_rendered);
    messages.push_back({"assistant", answer});
    std::string all = options.chat->render(messages, {.add_generation_prompt = false});
    if (!all.empty() && all.back() == ' ') all.pop_back();  // one template separates turns by it
    row.ids = encoded(options, all, as_rendered);
  } else {
    asked = encoded(options, question, options.encode);
    row.ids = encoded(options, concat(question, options.before_answer, answer), options.encode);
    if (options.end) row.ids.push_back(*options.end);
  }
  count_answer(asked, options.count_prompts, row);
}

ASTERISM_INLINE void read_row(std::string_view line, std::string_view where, const ReadOptions& options,
                              Row& row) {
  row.ids.clear();
  row.counts.clear();
  json::Value parsed;
  try {
    parsed = json::parse(line, "row", {.keys = row_keys});
  } catch (const FormatError& error) {
    std::string_view reason = error.what();
    if (reason.starts_with("row: ")) reason.remove_prefix(5);
    throw FormatError(std::string(reason));
  }
  const json::Document document(std::move(parsed));
  const json::Value& object = *document;
  if (!object.is_object()) throw FormatError(concat("is ", object.type_name(), ", expected a JSON object"));
  const Pair form = form_of(object);
  if (form.question == "ids") {
    read_ids(object, options, row);
  } else if (options.tokenizer == nullptr) {
    throw InvalidArgument(concat(where, ": text needs a tokenizer: set ReadOptions::tokenizer"));
  } else if (form.question == "text") {
    row.ids = encoded(options, text_member(object, "text"), options.encode);
    if (options.end) row.ids.push_back(*options.end);
    count_answer({}, true, row);
  } else {
    read_pair(object, form, options, row);
  }
  if (options.sequence != 0 && row.ids.size() > options.sequence) {
    throw FormatError(
        concat("has ", row.ids.size(), " tokens, more than the ", options.sequence, " of a sequence"));
  }
  const std::size_t vocabulary = vocabulary_of(options);
  for (const TokenId id : row.ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary) {
      throw FormatError(concat("has the token id ", id, ", expected one from 0 to ", vocabulary - 1));
    }
  }
  if (row.ids.size() < 2) throw FormatError("has one token: there is nothing to predict");
  if (std::find(row.counts.begin(), row.counts.end(), 1) == row.counts.end()) {
    throw FormatError("has no prediction that counts in the loss");
  }
}

}  // namespace asterism::train::detail
