// A part of load.hpp that compiles quickly and yet calls nlohmann_json, PCRE2 and utf8proc: a text becomes tokens and a
// text again. Argument: the folder of a checkpoint.
#include <asterism/text/tokenizer.hpp>
#include <cstdio>
#include <exception>
#include <string>

int main(int, char** argv) try {
  const auto tokenizer = asterism::text::Tokenizer::from_file(std::string(argv[1]) + "/tokenizer.json");
  const std::string text = "Seven experts\xe2\x80\x99 caf\xc3\xa9";
  const auto tokens = tokenizer.encode(text, {.add_special_tokens = false});
  std::printf("%zu tokens: %s\n", tokens.size(), tokenizer.decode(tokens).c_str());
  return tokenizer.decode(tokens) == text ? 0 : 1;
} catch (const std::exception& error) {
  std::puts(error.what());
  return 1;
}
