#include "asterism/text/detail/post_processor.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

PostProcessor read(const std::string& text) {
  const json::Value object = json::Value::parse(text);
  return PostProcessor::from_json(&object, 10, "test");
}

std::string with_single(const char* single) {
  return std::string(
             R"({"type":"TemplateProcessing","pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},)") +
         R"("E":{"id":"E","ids":[2,3],"tokens":["x","y"]},"bad":{"id":"bad","ids":[10],"tokens":["b"]}},"single":)" +
         single + "}";
}

}  // namespace

TEST_CASE("one token before the text and one behind it") {
  const PostProcessor processor = read(R"({"type":"BertProcessing","sep":["[SEP]",7],"cls":["[CLS]",3]})");
  CHECK(processor.prefix() == std::vector<TokenId>{3});
  CHECK(processor.suffix() == std::vector<TokenId>{7});
  CHECK_THROWS_AS(read(R"({"type":"BertProcessing","sep":["[SEP]",10],"cls":["[CLS]",3]})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"BertProcessing","sep":["[SEP]"],"cls":["[CLS]",3]})"), Unsupported);
  CHECK_THROWS_AS(read(R"({"type":"BertProcessing","sep":["[SEP]",1]})"), FormatError);
  CHECK_THROWS_AS(read(R"({"type":"BertProcessing","sep":["[SEP]",1],"cls":["[CLS]",3],"trim":true})"),
                  Unsupported);
}

TEST_CASE("tokens around the text") {
  const char* both =
      R"([{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"E","type_id":0}}])";
  const PostProcessor processor = read(with_single(both));
  CHECK(processor.prefix() == std::vector<TokenId>{1});
  CHECK(processor.suffix() == std::vector<TokenId>{2, 3});
  const PostProcessor nested = read(
      R"({"type":"Sequence","processors":[{"type":"ByteLevel","trim_offsets":true},)" + with_single(both) + "]}");
  CHECK(nested.prefix() == std::vector<TokenId>{1});
  CHECK(PostProcessor::from_json(nullptr, 10, "test").prefix().empty());
}

TEST_CASE("what is not supported or wrong") {
  CHECK_THROWS_AS(read(R"({"type":"RobertaProcessing"})"), Unsupported);
  CHECK_THROWS_AS(read(with_single("[]")), Unsupported);
  CHECK_THROWS_AS(read(with_single(R"([{"Sequence":{"id":"B","type_id":0}}])")), Unsupported);
  CHECK_THROWS_AS(read(with_single(R"([{"Sequence":{"id":"A"}},{"Sequence":{"id":"A"}}])")), Unsupported);
  CHECK_THROWS_AS(read(with_single(R"([{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"none"}}])")), FormatError);
  CHECK_THROWS_AS(read(with_single(R"([{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"bad"}}])")), FormatError);
  CHECK_THROWS_AS(read(with_single(R"(["$A"])")), FormatError);
  CHECK_THROWS_AS(read(with_single("{}")), FormatError);
  const std::string good = with_single(R"([{"Sequence":{"id":"A"}}])");
  CHECK_NOTHROW(read(good));
  CHECK_THROWS_AS(read(R"({"type":"Sequence","processors":[)" + good + "," + good + "]}"), Unsupported);
}
