#include "asterism/checkpoint/huggingface/rope_config.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

linalg::Rope rope(std::string_view text) { return parse_rope_config(json::parse(text, "f"), "f", {}).rope; }

/// The base where no scaling is supported.
double theta(std::string_view text) {
  return parse_rope_config(json::parse(text, "f"), "f", {.theta = 1e6, .llama3 = false}).rope.theta;
}

/// The part of a head that is rotated where the class says a quarter.
double part(std::string_view text) {
  return parse_rope_config(json::parse(text, "f"), "f", {.rotary_part = 0.25}).rotary_part;
}

/// Scaling of type llama3 in which `key` is `value`, or absent where `value` is empty.
std::string llama3(std::string_view key = "", std::string_view value = "") {
  std::string text = R"({"rope_type":"llama3")";
  const std::pair<std::string_view, std::string_view> fields[] = {{"factor", "8.0"},
                                                                  {"low_freq_factor", "1"},
                                                                  {"high_freq_factor", "4.0"},
                                                                  {"original_max_position_embeddings", "8192"}};
  for (const auto& [name, usual] : fields) {
    if (name == key && value.empty()) continue;
    text += ",\"" + std::string(name) + "\":" + std::string(name == key ? value : usual);
  }
  return text + "}";
}

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

TEST_CASE("scaling of type llama3 is read in both forms") {
  const linalg::RopeScaling expected{
      .factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_positions = 8192};
  const linalg::Rope old = rope(R"({"rope_theta":5e5,"rope_scaling":)" + llama3() + "}");
  CHECK(old.theta == 5e5);
  CHECK(old.scaling == expected);
  CHECK(rope("{\"rope_parameters\":" + llama3() + "}").scaling == expected);
  CHECK(rope("{\"rope_parameters\":" + llama3() + "}").theta == 1e4);
  CHECK(rope("{\"rope_parameters\":{},\"rope_scaling\":" + llama3() + "}").scaling == expected);
  CHECK(rope("{\"rope_parameters\":" + llama3() + ",\"rope_scaling\":null}").scaling == expected);
  CHECK(rope("{\"rope_parameters\":" + llama3() + ",\"rope_scaling\":" + llama3() + "}").scaling == expected);
  std::string by_old_name = llama3();
  by_old_name.replace(by_old_name.find("rope_type"), 9, "type");
  CHECK(rope("{\"rope_scaling\":" + by_old_name + "}").scaling == expected);
  by_old_name.insert(1, R"("rope_type":"llama3",)");
  CHECK(rope("{\"rope_scaling\":" + by_old_name + "}").scaling == expected);
  CHECK(rope("{\"original_max_position_embeddings\":8192,\"rope_scaling\":" + llama3() + "}").scaling == expected);
  CHECK(rope("{}").theta == 1e4);
  CHECK(rope("{}").scaling == linalg::RopeScaling{});
  CHECK(rope(R"({"rope_parameters":{"rope_type":"default"}})").scaling == linalg::RopeScaling{});
  CHECK(rope("{\"rope_scaling\":" + llama3("factor", "1") + "}").scaling.factor == 1);
}

TEST_CASE("parameters of llama3 are checked one by one") {
  for (const std::string_view form : {"rope_scaling", "rope_parameters"}) {
    const auto refuse = [&](std::string_view key, std::initializer_list<std::string_view> values) {
      for (const std::string_view value : values) {
        CAPTURE(key);
        CAPTURE(value);
        const std::string text = "{\"" + std::string(form) + "\":" + llama3(key, value) + "}";
        check_error<FormatError>([&] { rope(text); }, {"f: ", form, key});
      }
    };
    refuse("factor", {"", "null", "0.99", "0", "-8", "1e19", "\"8\"", "[8]"});
    refuse("low_freq_factor", {"", "null", "0", "-1", "4.0", "5", "1e19", "true"});
    refuse("high_freq_factor", {"", "null", "0", "1", "0.5", "1e19", "\"4\""});
    refuse("original_max_position_embeddings", {"", "null", "0", "-1", "8192.0", "1073741825", "\"8192\""});
  }
  check_error<FormatError>(
      [] { rope("{\"original_max_position_embeddings\":64,\"rope_scaling\":" + llama3() + "}"); },
      {"original_max_position_embeddings", "64", "8192"});
}

TEST_CASE("places that contradict each other are errors") {
  check_error<FormatError>(
      [] { rope("{\"rope_parameters\":{\"rope_theta\":5},\"rope_scaling\":" + llama3() + "}"); },
      {"f: ", "'rope_parameters'", "'rope_scaling'", "differ"});
  check_error<FormatError>([] { rope(R"({"rope_scaling":{"rope_type":"llama3","type":"default"}})"); },
                           {"rope_scaling.rope_type", "llama3", "rope_scaling.type", "default"});
}

TEST_CASE("other scaling is not supported, and the message says what is") {
  for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
    for (const std::string_view type : {"linear", "dynamic", "yarn", "longrope", "proportional", "Llama3", ""}) {
      const std::string text =
          "{\"" + std::string(key) + R"(":{"rope_type":")" + std::string(type) + R"(","factor":2.0}})";
      CAPTURE(text);
      check_error<Unsupported>([&] { rope(text); }, {"f: field '", key, "supported are 'default'", "'llama3'"});
    }
    const std::string more = R"({"attention_factor":1,)" + llama3().substr(1);
    check_error<Unsupported>([&] { rope("{\"" + std::string(key) + "\":" + more + "}"); },
                             {"f: field '", key, "attention_factor", "llama3"});
    check_error<Unsupported>([&] { theta("{\"" + std::string(key) + "\":" + llama3() + "}"); },
                             {"f: field '", key, "supported is 'default' (no scaling)"});
  }
}

TEST_CASE("where scaling is not supported, the message says what is") {
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

TEST_CASE("a part of each head is rotated") {
  CHECK(part("{}") == 0.25);
  CHECK(part(R"({"rope_theta":1e7,"rope_scaling":null})") == 0.25);
  CHECK(part(R"({"partial_rotary_factor":0.5})") == 0.5);
  CHECK(part(R"({"partial_rotary_factor":1})") == 1);
  CHECK(part(R"({"partial_rotary_factor":null})") == 1);  // as transformers
  CHECK(part(R"({"rope_parameters":{"rope_type":"default"}})") == 0.25);
  CHECK(part(R"({"rope_parameters":{"partial_rotary_factor":0.5}})") == 0.5);
  CHECK(part(R"({"rope_scaling":{"rope_type":"default","partial_rotary_factor":0.5}})") == 0.5);
  CHECK(part(R"({"partial_rotary_factor":0.5,"rope_parameters":{"partial_rotary_factor":0.5}})") == 0.5);
  const linalg::Rope scaled = parse_rope_config(
      json::parse(R"({"partial_rotary_factor":0.5,"rope_parameters":)" + llama3() + "}", "f"), "f",
      {.rotary_part = 0.25}).rope;
  CHECK(scaled.scaling.factor == 8);
  for (const std::string_view value : {"0", "-0.25", "1.01", "\"0.25\"", "true", "[]"}) {
    CAPTURE(value);
    check_error<FormatError>([&] { part("{\"partial_rotary_factor\":" + std::string(value) + "}"); },
                             {"f: ", "partial_rotary_factor"});
    check_error<FormatError>(
        [&] { part("{\"rope_parameters\":{\"partial_rotary_factor\":" + std::string(value) + "}}"); },
        {"f: ", "rope_parameters", "partial_rotary_factor"});
  }
  check_error<FormatError>([] { part(R"({"rope_parameters":{"partial_rotary_factor":null}})"); },
                           {"partial_rotary_factor"});
  check_error<FormatError>(
      [] { part(R"({"partial_rotary_factor":0.5,"rope_parameters":{"partial_rotary_factor":0.25}})"); },
      {"partial_rotary_factor", "0.5", "0.25", "rope_parameters"});
}

TEST_CASE("the rotated elements of a head are an even number") {
  CHECK(rotary_dim(256, 0.25, "f") == 64);
  CHECK(rotary_dim(256, 1, "f") == 0);
  CHECK(rotary_dim(32, 0.4, "f") == 12);  // 12.8
  check_error<FormatError>([] { rotary_dim(32, 0.3, "f"); }, {"f: ", "partial_rotary_factor", "0.3", "9 of the 32"});
  check_error<FormatError>([] { rotary_dim(32, 0.01, "f"); }, {"f: ", "partial_rotary_factor", "0 of the 32"});
}
