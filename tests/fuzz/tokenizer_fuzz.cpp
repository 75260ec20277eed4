// Fuzz target: any bytes as tokenizer.json. Only asterism::Error may be thrown, and with what is accepted a few
// texts are encoded and decoded, at once and as a stream, which must agree where no run of byte tokens is broken.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/text/detail/utf8.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// What the bytes of a tokenizer.json say about its runs of byte tokens.
struct ByteRuns {
  bool none = false;     ///< it has no byte fallback
  bool visible = false;  ///< U+FFFD in a text comes from wrong bytes alone, and nothing takes it away

  explicit ByteRuns(std::string_view json) {
    if (json.find("\\u") != std::string_view::npos) return;  // names may be escaped
    none = json.find("ByteFallback") == std::string_view::npos;
    visible = json.find(replacement_character) == std::string_view::npos;
  }
};

void check_decoding(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, ByteRuns runs) {
  for (const bool skip : {false, true}) {
    const std::string text = tokenizer.decode(ids, {.skip_special_tokens = skip});
    StreamDecoder stream(tokenizer, {.skip_special_tokens = skip});
    std::string streamed;
    for (const TokenId id : ids) {
      const std::string_view piece = stream.push(id);
      require(is_valid_utf8(piece));
      streamed += piece;
    }
    streamed += stream.finish();
    const bool whole = text.find(replacement_character) == std::string::npos;
    if (runs.none || (runs.visible && whole)) require(streamed == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > (1U << 16U)) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ByteRuns runs(bytes);
  constexpr std::string_view texts[] = {"",
                                        "Hello world",
                                        "  the  the\n\n",
                                        "don't 1234 <s>x</s><|im_end|> y",
                                        "e\xCC\x81\xC3\xA9 \xE4\xBD\xA0\xE5\xA5\xBD\xF0\x9F\x98\x80",
                                        "\xFF\xE4\xBD a\xF0\x9F",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                        "\xE2\x96\x81 \xE2\x96\x81\xE2\x96\x81"};
  try {
    const Tokenizer tokenizer = Tokenizer::from_json(bytes, "fuzz");
    const auto size_of_vocabulary = static_cast<TokenId>(tokenizer.vocabulary_size());
    std::vector<TokenId> all;
    for (TokenId id = 0; id < size_of_vocabulary && id < 2000; ++id) all.push_back(id);
    check_decoding(tokenizer, all, runs);
    for (const std::string_view text : texts) {
      try {
        const std::vector<TokenId> ids = tokenizer.encode(text);
        for (const TokenId id : ids) require(id >= 0 && id < size_of_vocabulary);
        check_decoding(tokenizer, ids, runs);
        static_cast<void>(tokenizer.encode(text, {.add_special_tokens = false, .parse_special = false}));
      } catch (const Error&) {
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
