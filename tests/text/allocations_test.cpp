// What the room allocates: a warm stream nothing, the reader of a tokenizer.json little more than it keeps.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::StreamDecoder;
using text::Tokenizer;

namespace {

// Of the whole program.
std::atomic<std::size_t> allocations = 0;
std::atomic<std::size_t> live_bytes = 0;
std::atomic<std::size_t> peak_bytes = 0;

void* counted(void* memory) {
  ++allocations;
  const std::size_t live = live_bytes += malloc_usable_size(memory);
  std::size_t peak = peak_bytes;
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return memory;
}

void release(void* memory) {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

/// What reading `json` allocates at most at one time.
std::size_t peak_of_reading(const std::string& json) {
  const std::size_t before = live_bytes;
  peak_bytes = before;
  const Tokenizer tokenizer = Tokenizer::from_json(json, "large.json");
  CHECK(tokenizer.encode("abcdabcd").size() == 4);  // ab cd ab cd
  return peak_bytes - before;
}

struct Form {
  bool pairs = false;         ///< merges are ["a", "b"], else "a b"
  bool merges_first = false;  ///< before the vocabulary
  int step = 1;               ///< from one id to the next
};

/// A tokenizer.json with all words of at most four of 18 letters.
std::string large_file(Form form) {
  std::string vocabulary;
  std::string merges;
  std::vector<std::string> words = {""};
  std::size_t begin = 0;
  int id = 0;
  for (int length = 1; length <= 4; ++length) {
    const std::size_t end = words.size();
    for (std::size_t i = begin; i < end; ++i) {
      for (char letter = 'a'; letter < 'a' + 18; ++letter) {
        const std::string word = words[i] + letter;
        vocabulary += concat(vocabulary.empty() ? "" : ",", "\"", word, "\":", id);
        id += form.step;
        if (length > 1) {
          merges += concat(merges.empty() ? "" : ",", form.pairs ? "[\"" : "\"", words[i],
                           form.pairs ? "\",\"" : " ", letter, form.pairs ? "\"]" : "\"");
        }
        words.push_back(word);
      }
    }
    begin = end;
  }
  vocabulary = concat("\"vocab\":{", vocabulary, "}");
  merges = concat("\"merges\":[", merges, "]");
  return concat(R"({"version":"1.0","model":{"type":"BPE",)", form.merges_first ? merges : vocabulary, ",",
                form.merges_first ? vocabulary : merges, "}}");
}

}  // namespace

// Not inlined: g++ would take new and free for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size)) return counted(memory);
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* memory = std::malloc(size);
  return memory == nullptr ? nullptr : counted(memory);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { release(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { release(memory); }

TEST_CASE("a warm stream does not allocate") {
  const std::string text = "The quick brown fox 😀 你好 don't\n\n<s>stop</s> é 12345 ";
  for (const char* name : tokenizer_names) {
    CAPTURE(name);
    const Tokenizer tokenizer = golden_tokenizer(name);
    const std::vector<TokenId> ids = tokenizer.encode(text);
    StreamDecoder stream(tokenizer, {.skip_special_tokens = true});
    std::size_t bytes = 0;
    for (const TokenId id : ids) bytes += stream.push(id).size();
    const std::size_t before = allocations;
    for (int round = 0; round < 20; ++round) {
      for (const TokenId id : ids) bytes += stream.push(id).size();
    }
    CHECK(allocations == before);
    CHECK(bytes > 100);
  }
}

TEST_CASE("reading a large vocabulary takes less than 8 times the memory of its text") {
  for (const Form form : {Form{}, Form{.pairs = true}, Form{.merges_first = true}, Form{.step = 4}}) {
    CAPTURE(form.pairs);
    CAPTURE(form.merges_first);
    CAPTURE(form.step);
    const std::string json = large_file(form);
    CHECK(json.size() > 2'000'000);
    const double times = static_cast<double>(peak_of_reading(json)) / static_cast<double>(json.size());
    CAPTURE(times);
    CHECK(times + 1 < 8);  // with the text itself
  }
}
