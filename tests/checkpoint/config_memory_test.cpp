// Configuration files that are nothing but a burden: what they cost.
#include <cstddef>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "asterism/checkpoint/huggingface/device_map.hpp"
#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/shape/shape.hpp"

#include "json/heap_meter.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;

namespace {

/// A config.json of about 4 MB whose field `key` is a list of `item`s.
std::string burdened(std::string_view key, std::string_view item) {
  std::string text = R"({"model_type":"mixtral",")" + std::string(key) + "\":[";
  while (text.size() < 4'000'000) text += std::string(item) + ",";
  return text + std::string(item) + "]}";
}

}  // namespace

TEST_CASE("fields that are not looked at cost nothing") {
  const std::string text = burdened("x", R"({"":0})");
  CHECK(test::peak_of([&] { CHECK(parse_model_config(text, "config.json").shape.layers == 32); }) < text.size());
  CHECK(test::peak_of([&] { CHECK(parse_generation_config(text, "f").eos.empty()); }) < text.size());
  std::string keys = R"({"model_type":"mixtral")";
  for (int i = 0; keys.size() < 4'000'000; ++i) keys += ",\"" + std::to_string(i) + "\":[]";
  keys += "}";
  CHECK(test::peak_of([&] { CHECK(parse_model_config(keys, "config.json").shape.layers == 32); }) < keys.size());
}

TEST_CASE("fields that are looked at cost less than 8 times the text, and too many values are refused") {
  const auto check = [](const std::string& text, std::string_view file, const auto& parse) {
    const std::size_t peak = test::peak_of([&] { check_error<FormatError>(parse, {file, "values"}); });
    CHECK(peak < 8 * text.size());
  };
  for (const std::string_view item : {R"({"":0})", "[]", "0", R"("")"}) {
    CAPTURE(item);
    std::string text = burdened("architectures", item);
    check(text, "dir/config.json", [&] { parse_model_config(text, "dir/config.json"); });
    text = burdened("eos_token_id", item);
    check(text, "dir/generation_config.json",
          [&] { parse_generation_config(text, "dir/generation_config.json"); });
    text = burdened("model.norm", item);
    check(text, "map.json", [&] { parse_device_map(text, "map.json", {.layers = 1, .experts = 1}, Machine{}); });
  }
}

TEST_CASE("a device map of nothing but wrong names costs less than 8 times the text") {
  std::string text = "{";
  for (int i = 1'000'000; text.size() < 4'000'000; ++i)
    text += "\"" + std::to_string(i) + std::string(24, 'm') + "\":0,";
  text += "\"\":0}";
  const std::size_t peak = test::peak_of([&] {
    CHECK_THROWS_AS(parse_device_map(text, "map.json", {.layers = 1, .experts = 1}, equal_devices(1, Bytes{1})),
                    FormatError);
  });
  CHECK(peak < 8 * text.size());
}
