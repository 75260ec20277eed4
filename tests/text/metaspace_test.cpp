#include "asterism/text/detail/metaspace.hpp"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

using namespace asterism;
using namespace asterism::text;

namespace {

Metaspace read(const char* settings) {
  const json::Value object =
      json::Value::parse(std::string(R"({"type":"Metaspace","replacement":"▁")") + settings + "}");
  return Metaspace::from_json({object, "pre_tokenizer", "test"});
}

}  // namespace

TEST_CASE("settings of all ages") {
  CHECK(read("").replacement == "▁");
  CHECK(read("").scheme == PrependScheme::always);
  CHECK(read("").split);
  CHECK(read(R"(,"prepend_scheme":"first","split":false)").scheme == PrependScheme::first);
  CHECK_FALSE(read(R"(,"prepend_scheme":"first","split":false)").split);
  CHECK(read(R"(,"prepend_scheme":"never")").scheme == PrependScheme::never);
  CHECK(read(R"(,"add_prefix_space":true,"str_rep":"▁")").scheme == PrependScheme::always);
  CHECK(read(R"(,"add_prefix_space":true,"prepend_scheme":"first")").scheme == PrependScheme::first);
  CHECK(read(R"(,"add_prefix_space":false)").scheme == PrependScheme::never);
}

TEST_CASE("what is wrong") {
  CHECK_THROWS_AS(read(R"(,"prepend_scheme":"sometimes")"), Unsupported);
  CHECK_THROWS_AS(read(R"(,"prepend_scheme":"always","add_prefix_space":false)"), Unsupported);
  CHECK_THROWS_AS(read(R"(,"other":1)"), Unsupported);
  CHECK_THROWS_AS(read(R"(,"split":1)"), FormatError);
  CHECK_THROWS_AS(read(R"(,"prepend_scheme":1)"), FormatError);
}
