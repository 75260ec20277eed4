#include "asterism/checkpoint/json_fields.hpp"

#include "checkpoint_files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

const Json& document() {
  static const Json json = parse_json(
      R"({"int":7,"negative":-7,"float":7.0,"text":"7","yes":true,"null":null,"list":[1],"object":{"x":1},
          "large":18446744073709551615,"small":1e-300})",
      "f");
  return json;
}

}  // namespace

TEST_CASE("fields of the right type are read") {
  const Json& json = document();
  CHECK(require_integer(json, "int", "f", 1, 10) == 7);
  CHECK(require_integer(json, "negative", "f", -7, -7) == -7);
  CHECK(require_number(json, "int", "f") == 7);
  CHECK(require_number(json, "float", "f") == 7);
  CHECK(require_string(json, "text", "f") == "7");
  CHECK(require_bool(json, "yes", "f"));
  CHECK(require_array(json, "list", "f").size() == 1);
  CHECK(require_object(json, "object", "f").size() == 1);
  CHECK(optional_integer(json, "int", "f", 1, 10) == 7);
  CHECK(optional_number(json, "small", "f") == 1e-300);
  CHECK(optional_string(json, "text", "f") == "7");
  CHECK(optional_bool(json, "yes", "f") == true);
  CHECK(optional_array(json, "list", "f") != nullptr);
  CHECK(optional_object(json, "object", "f") != nullptr);
}

TEST_CASE("absent and null mean not set") {
  for (const std::string_view key : {"nothing", "null"}) {
    const Json& json = document();
    CHECK(!optional_integer(json, key, "f", 1, 10));
    CHECK(!optional_number(json, key, "f"));
    CHECK(!optional_string(json, key, "f"));
    CHECK(!optional_bool(json, key, "f"));
    CHECK(optional_array(json, key, "f") == nullptr);
    CHECK(optional_object(json, key, "f") == nullptr);
    const auto parts = {std::string_view("f: field '"), key, std::string_view("missing")};
    check_error<FormatError>([&] { require_integer(json, key, "f", 1, 10); }, parts);
    check_error<FormatError>([&] { require_number(json, key, "f"); }, parts);
    check_error<FormatError>([&] { require_string(json, key, "f"); }, parts);
    check_error<FormatError>([&] { require_bool(json, key, "f"); }, parts);
    check_error<FormatError>([&] { require_array(json, key, "f"); }, parts);
    check_error<FormatError>([&] { require_object(json, key, "f"); }, parts);
  }
}

TEST_CASE("nothing is converted, and errors say what was found and expected") {
  const Json& json = document();
  for (const std::string_view key : {"float", "text", "yes", "list", "object", "large", "negative"}) {
    check_error<FormatError>([&] { require_integer(json, key, "f", 1, 10); },
                             {"f: field '", key, "expected an integer from 1 to 10"});
    check_error<FormatError>([&] { optional_integer(json, key, "f", 1, 10); }, {key});
  }
  check_error<FormatError>([&] { require_integer(json, "int", "f", 8, 10); }, {"is 7"});
  check_error<FormatError>([&] { require_integer(json, "int", "f", 1, 6); }, {"is 7"});
  for (const std::string_view key : {"text", "yes", "list", "object"}) {
    check_error<FormatError>([&] { require_number(json, key, "f"); }, {key, "expected a number"});
  }
  for (const std::string_view key : {"int", "float", "yes", "list", "object"}) {
    check_error<FormatError>([&] { require_string(json, key, "f"); }, {key, "expected a string"});
  }
  for (const std::string_view key : {"int", "float", "text", "list", "object"}) {
    check_error<FormatError>([&] { require_bool(json, key, "f"); }, {key, "expected true or false"});
  }
  for (const std::string_view key : {"int", "text", "object"}) {
    check_error<FormatError>([&] { require_array(json, key, "f"); }, {key, "expected an array"});
  }
  for (const std::string_view key : {"int", "text", "list"}) {
    check_error<FormatError>([&] { require_object(json, key, "f"); }, {key, "expected an object"});
    check_error<FormatError>([&] { optional_object(json, key, "f"); }, {key, "expected an object"});
  }
  check_error<FormatError>([&] { require_bool(json, "text", "f"); }, {"the string '7'"});
  check_error<FormatError>([&] { require_bool(parse_json("[1]", "f"), "x", "f"); },
                           {"f: ", "an array", "an object"});
}
