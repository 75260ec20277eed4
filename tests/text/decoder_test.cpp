// The golden texts of whole tokenizers test every chain; here single steps, and what goes wrong.
#include "asterism/text/detail/decoder.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

Decoder read(const std::string& text) {
  const json::Value object = json::Value::parse(text);
  return Decoder::from_json(&object, "test");
}

std::string decode(const Decoder& decoder, const std::vector<const char*>& tokens) {
  Decoder::State state = decoder.start(8);
  for (const char* token : tokens) decoder.push(state, token);
  decoder.finish(state);
  return state.text;
}

std::string chain(const char* parts) { return std::string(R"({"type":"Sequence","decoders":[)") + parts + "]}"; }

}  // namespace

TEST_CASE("bytes") {
  const Decoder fallback = read(R"({"type":"ByteFallback"})");
  CHECK(decode(fallback, {"a", "<0xC3>", "<0xA9>", "b"}) == "aéb");
  CHECK(decode(fallback, {"<0xC3>", "<0xA9>", "<0xFF>", "b"}) == "���b");  // all of the run
  CHECK(decode(fallback, {"<0xe2>", "<0x+2>", "<0xZZ>", "<0x123>"}) == "��<0xZZ><0x123>");
  const Decoder byte_level = read(R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true})");
  CHECK(decode(byte_level, {"Ġa", "Ã", "©", "ð", "Ł"}) == " aé�");
  CHECK(decode(byte_level, {"你", " x"}) == "你 x");
}

TEST_CASE("replacing, stripping, fusing") {
  const char* replace = R"({"type":"Replace","pattern":{"String":"▁"},"content":" "})";
  const char* strip = R"({"type":"Strip","content":" ","start":2,"stop":0})";
  CHECK(decode(read(replace), {"▁a▁", "▁b"}) == " a  b");
  CHECK(decode(read(strip), {"   a", " ", " b "}) == " ab ");
  CHECK(decode(read(chain((std::string(replace) + R"(,{"type":"Fuse"},)" + strip).c_str())), {"▁", "▁▁a", "▁b"}) ==
        " a b");
  CHECK(decode(read(R"({"type":"Replace","pattern":{"String":"aa"},"content":"b"})"), {"aaa", "aaaa"}) == "babb");
  CHECK(decode(read(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always"})"), {"▁▁a▁", "▁b"}) ==
        "a b");
  CHECK(decode(read(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"never"})"), {"▁a"}) == " a");
  CHECK(decode(Decoder::from_json(nullptr, "test"), {"a", "", "b"}) == "a  b");
  CHECK(decode(read(chain("")), {"a", "b"}) == "ab");
}

TEST_CASE("text comes out as soon as it is certain") {
  const Decoder decoder =
      read(chain(R"({"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0})"));
  Decoder::State state = decoder.start(8);
  decoder.push(state, " a");
  CHECK(state.text == "a");
  decoder.push(state, "<0x41>");
  CHECK(state.text == "a");
  decoder.push(state, " b");
  CHECK(state.text == "aA b");
  decoder.finish(state);
  CHECK(state.text == "aA b");
}

TEST_CASE("characters of a run of bytes, each with its last byte or judged as a whole") {
  const Decoder decoder =
      read(chain(R"({"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0})"));
  for (const auto runs : {Decoder::Runs::judged, Decoder::Runs::shown}) {
    const bool shows = runs == Decoder::Runs::shown;
    Decoder::State state = decoder.start(8, runs);
    for (const char* token : {"<0x20>", "<0x20>", "<0xC3>", "<0xA9>"}) decoder.push(state, token);
    CHECK(state.text == (shows ? " é" : ""));
    decoder.push(state, "b");
    CHECK(state.text == " éb");
    decoder.push(state, "<0xC3>");
    decoder.finish(state);
    CHECK(state.text == " éb�");
  }
  // Tokens that are not fused: a run's characters are one of them.
  const Decoder joined =
      read(chain(R"({"type":"ByteFallback"},{"type":"Strip","content":"a","start":1,"stop":0})"));
  Decoder::State state = joined.start(8, Decoder::Runs::shown);
  for (const char* token : {"<0x61>", "<0x61>", "<0xFF>", "<0x61>", "aa", "<0x61>", "<0x61>"}) {
    joined.push(state, token);
  }
  joined.finish(state);
  CHECK(state.text == "a��aa");
}

TEST_CASE("words of pieces") {
  const Decoder plain = read(R"({"type":"WordPiece","prefix":"##","cleanup":false})");
  CHECK(decode(plain, {"salt", "dance", "##r", ".", "##s"}) == "salt dancer .s");
  CHECK(decode(plain, {"##r", "a##b", "####c"}) == "##r a##b##c");  // the first one is as it is
  const Decoder clean = read(R"({"type":"WordPiece","prefix":"##","cleanup":true})");
  CHECK(decode(clean, {"don", "'", "t", ",", "is", "n't", "it", "?", "'s", "##."}) == "don ' t, isn't it?'s.");
  CHECK(decode(clean, {".", "a b . c"}) == ". a b. c");
  CHECK(decode(clean, {}).empty());
  CHECK_THROWS_AS(read(R"({"type":"WordPiece","prefix":"##"})"), FormatError);
}

TEST_CASE("what is not supported") {
  for (const char* bad :
       {R"({"type":"WordPiece","prefix":"##","cleanup":true,"more":1})", R"({"type":"BPEDecoder"})",
        R"({"type":"CTC"})", R"({"type":"Strip","content":" ","start":1,"stop":1})",
        R"({"type":"Replace","pattern":{"Regex":"a+"},"content":""})",
        R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"})", R"({"type":"Fuse","more":1})"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(read(bad), Unsupported);
  }
  const char* fuse = R"({"type":"Fuse"},)";
  for (const char* behind :
       {R"({"type":"ByteFallback"})", R"({"type":"WordPiece","prefix":"##","cleanup":true})",
        R"({"type":"ByteLevel"})", R"({"type":"Replace","pattern":{"String":"ab"},"content":"c"})"}) {
    CHECK_THROWS_AS(read(chain((std::string(fuse) + behind).c_str())), Unsupported);
  }
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += fuse;
  many.pop_back();
  CHECK_THROWS_AS(read(chain(many.c_str())), Unsupported);
  CHECK_THROWS_AS(read(R"({"type":"Strip","content":"ab","start":1,"stop":0})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"Strip","content":"a","start":-1,"stop":0})"), FormatError);
}
