#include "asterism/checkpoint/huggingface/token_ids.hpp"

#include <string>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

TEST_CASE("ids are one integer or a list") {
  const json::Value json = json::parse(R"({"one":7,"many":[3,0,3],"none":[],"null":null,"big":2147483647})", "f");
  CHECK(token_id_list(json, "one", "f") == std::vector<TokenId>{7});
  CHECK(token_id_list(json, "many", "f") == std::vector<TokenId>{3, 0, 3});
  CHECK(token_id_list(json, "none", "f").empty());
  CHECK(token_id_list(json, "null", "f").empty());
  CHECK(token_id_list(json, "absent", "f").empty());
  CHECK(optional_token_id(json, "one", "f") == 7);
  CHECK(optional_token_id(json, "big", "f") == 2147483647);
  CHECK(!optional_token_id(json, "null", "f"));
}

TEST_CASE("other ids are refused") {
  for (const std::string_view value :
       {"-1", "2147483648", "1.0", "true", "\"1\"", "{}", "[[1]]", "[1,null]", "[-1]"}) {
    const json::Value json = json::parse("{\"eos\":" + std::string(value) + "}", "f");
    check_error<FormatError>([&] { token_id_list(json, "eos", "f"); }, {"f: ", "'eos'", "expected an integer"});
    check_error<FormatError>([&] { optional_token_id(json, "eos", "f"); }, {"f: ", "'eos'"});
  }
  const json::Value json = json::parse(R"({"eos":[1,8]})", "f");
  check_error<FormatError>([&] { token_id_list(json, "eos", "f", 7); }, {"is 8", "0 to 7"});
}
