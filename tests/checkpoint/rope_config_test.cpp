#include "asterism/checkpoint/huggingface/rope_config.hpp"

#include <string>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

double theta(std::string_view text) { return rope_theta(json::parse(text, "f"), "f"); }

}  // namespace

TEST_CASE("both forms give the base") {
  CHECK(theta("{}") == 1e6);
  CHECK(theta(R"({"rope_theta":1e4})") == 1e4);
  CHECK(theta(R"({"rope_theta":10000,"rope_scaling":null})") == 1e4);
  CHECK(theta(R"({"rope_parameters":{"rope_theta":5e4,"rope_type":"default"}})") == 5e4);
  CHECK(theta(R"({"rope_parameters":{"rope_theta":5e4,"type":"default","partial_rotary_factor":1.0}})") == 5e4);
  CHECK(theta(R"({"rope_parameters":{"rope_type":"default"},"rope_theta":7})") == 7);
  CHECK(theta(R"({"rope_parameters":{},"rope_scaling":{"rope_type":"default"}})") == 1e6);
  CHECK(theta(R"({"rope_parameters":{"rope_theta":7},"rope_theta":7.0})") == 7);
}

TEST_CASE("scaling is not supported, and the message says what is") {
  for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
    for (const std::string_view value : {R"({"rope_type":"yarn"})", R"({"type":"linear","factor":2.0})",
                                         R"({"rope_type":"dynamic"})", R"({"rope_type":"default","factor":2.0})",
                                         R"({"partial_rotary_factor":0.5})", R"({"full_attention":{}})"}) {
      const std::string text = "{\"" + std::string(key) + "\":" + std::string(value) + "}";
      CAPTURE(text);
      check_error<Unsupported>([&] { theta(text); }, {"f: field '", key, "supported"});
    }
  }
  check_error<Unsupported>([] { theta(R"({"partial_rotary_factor":0.5})"); }, {"partial_rotary_factor"});
}

TEST_CASE("wrong values are errors") {
  for (const std::string_view value : {"0", "-1", "0.0", "1e19", "\"1e6\"", "true", "[]"}) {
    CAPTURE(value);
    check_error<FormatError>([&] { theta("{\"rope_theta\":" + std::string(value) + "}"); }, {"f: ", "rope_theta"});
    check_error<FormatError>([&] { theta("{\"rope_parameters\":{\"rope_theta\":" + std::string(value) + "}}"); },
                             {"f: ", "rope_theta"});
  }
  check_error<FormatError>([] { theta(R"({"rope_theta":1e4,"rope_parameters":{"rope_theta":1e6}})"); },
                           {"rope_theta", "10000", "1e+06"});
  check_error<FormatError>([] { theta(R"({"rope_parameters":[]})"); }, {"rope_parameters", "an object"});
  check_error<FormatError>([] { theta(R"({"rope_parameters":{"rope_type":1}})"); },
                           {"rope_parameters", "rope_type"});
}
