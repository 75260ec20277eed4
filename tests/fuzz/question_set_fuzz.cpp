// Question files: whatever the bytes, they are questions that keep the rules, or a FormatError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/lab/question_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto questions = asterism::lab::parse_questions(text, "fuzz");
    if (questions.empty()) std::abort();
    for (const auto& question : questions) {
      if (question.id.empty() || question.prompt.empty() || question.answer.empty()) std::abort();
      if (asterism::lab::trimmed(question.answer) != question.answer) std::abort();
    }
  } catch (const asterism::FormatError&) {
  }
  return 0;
}
