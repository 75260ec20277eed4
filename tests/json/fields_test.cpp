#include "asterism/json/fields.hpp"

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::json;
using asterism::test::check_error;

namespace {

const json::Value& document() {
  static const json::Value json = json::parse(
      R"({"int":7,"negative":-7,"float":7.0,"text":"7","yes":true,"null":null,"list":[1],"object":{"x":1},
          "large":18446744073709551615,"small":1e-300})",
      "f");
  return json;
}

}  // namespace

TEST_CASE("fields of the right type are read") {
  const json::Value& json = document();
  CHECK(json::require_integer(json, "int", "f", 1, 10) == 7);
  CHECK(json::require_integer(json, "negative", "f", -7, -7) == -7);
  CHECK(json::require_number(json, "int", "f") == 7);
  CHECK(json::require_number(json, "float", "f") == 7);
  CHECK(json::require_string(json, "text", "f") == "7");
  CHECK(json::require_bool(json, "yes", "f"));
  CHECK(json::require_array(json, "list", "f").size() == 1);
  CHECK(json::require_object(json, "object", "f").size() == 1);
  CHECK(json::optional_integer(json, "int", "f", 1, 10) == 7);
  CHECK(json::optional_number(json, "small", "f") == 1e-300);
  CHECK(json::optional_string(json, "text", "f") == "7");
  CHECK(json::optional_bool(json, "yes", "f") == true);
  CHECK(json::optional_array(json, "list", "f") != nullptr);
  CHECK(json::optional_object(json, "object", "f") != nullptr);
}

TEST_CASE("absent and null mean not set") {
  for (const std::string_view key : {"nothing", "null"}) {
    const json::Value& json = document();
    CHECK(!json::optional_integer(json, key, "f", 1, 10));
    CHECK(!json::optional_number(json, key, "f"));
    CHECK(!json::optional_string(json, key, "f"));
    CHECK(!json::optional_bool(json, key, "f"));
    CHECK(json::optional_array(json, key, "f") == nullptr);
    CHECK(json::optional_object(json, key, "f") == nullptr);
    const auto parts = {std::string_view("f: field '"), key, std::string_view("missing")};
    check_error<FormatError>([&] { json::require_integer(json, key, "f", 1, 10); }, parts);
    check_error<FormatError>([&] { json::require_number(json, key, "f"); }, parts);
    check_error<FormatError>([&] { json::require_string(json, key, "f"); }, parts);
    check_error<FormatError>([&] { json::require_bool(json, key, "f"); }, parts);
    check_error<FormatError>([&] { json::require_array(json, key, "f"); }, parts);
    check_error<FormatError>([&] { json::require_object(json, key, "f"); }, parts);
  }
}

TEST_CASE("nothing is converted, and errors say what was found and expected") {
  const json::Value& json = document();
  for (const std::string_view key : {"float", "text", "yes", "list", "object", "large", "negative"}) {
    check_error<FormatError>([&] { json::require_integer(json, key, "f", 1, 10); },
                             {"f: field '", key, "expected an integer from 1 to 10"});
    check_error<FormatError>([&] { json::optional_integer(json, key, "f", 1, 10); }, {key});
  }
  check_error<FormatError>([&] { json::require_integer(json, "int", "f", 8, 10); }, {"is 7"});
  check_error<FormatError>([&] { json::require_integer(json, "int", "f", 1, 6); }, {"is 7"});
  for (const std::string_view key : {"text", "yes", "list", "object"}) {
    check_error<FormatError>([&] { json::require_number(json, key, "f"); }, {key, "expected a number"});
  }
  for (const std::string_view key : {"int", "float", "yes", "list", "object"}) {
    check_error<FormatError>([&] { json::require_string(json, key, "f"); }, {key, "expected a string"});
  }
  for (const std::string_view key : {"int", "float", "text", "list", "object"}) {
    check_error<FormatError>([&] { json::require_bool(json, key, "f"); }, {key, "expected true or false"});
  }
  for (const std::string_view key : {"int", "text", "object"}) {
    check_error<FormatError>([&] { json::require_array(json, key, "f"); }, {key, "expected an array"});
  }
  for (const std::string_view key : {"int", "text", "list"}) {
    check_error<FormatError>([&] { json::require_object(json, key, "f"); }, {key, "expected an object"});
    check_error<FormatError>([&] { json::optional_object(json, key, "f"); }, {key, "expected an object"});
  }
  check_error<FormatError>([&] { json::require_bool(json, "text", "f"); }, {"the string '7'"});
  check_error<FormatError>([&] { json::require_bool(json::parse("[1]", "f"), "x", "f"); },
                           {"f: ", "an array", "an object"});
}
