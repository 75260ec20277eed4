#include "asterism/checkpoint/bitsandbytes/quant_state.hpp"

#include <array>
#include <bit>
#include <map>
#include <string>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/quant/half_precision.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using asterism::test::check_error;
using asterism::test::Entry;
using asterism::test::golden;
using asterism::test::raw;
using asterism::test::safetensors_file;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

template <std::size_t Size>
std::string floats(const std::array<float, Size>& values) {
  return {reinterpret_cast<const char*>(values.data()), sizeof values};
}

/// The parts of one valid 4-bit weight "w" of shape [3, 43]: 129 elements, 65 bytes, 3 blocks of 64.
struct Parts {
  std::map<std::string, Entry> entries;

  explicit Parts(bool nested) {
    put("w", "U8", "[65,1]", std::string(65, '\x17'));
    put("w.quant_map", "F32", "[16]", floats(quant::nf4_table));
    if (nested) {
      put("w.absmax", "U8", "[3]", std::string("\x01\x80\xFF", 3));
      put("w.nested_absmax", "F32", "[1]", raw({2.0F}));
      put("w.nested_quant_map", "F32", "[256]", floats(quant::dynamic_map));
      state(R"({"quant_type":"nf4","blocksize":64,"dtype":"bfloat16","shape":[3,43],"nested_blocksize":256,)"
            R"("nested_dtype":"float32","nested_offset":3.5})");
    } else {
      put("w.absmax", "F32", "[3]", raw({1.0F, 2.0F, 0.0F}));
      state(R"({"quant_type":"nf4","blocksize":64,"dtype":"bfloat16","shape":[3,43]})");
    }
  }
  void put(const std::string& name, const std::string& dtype, const std::string& shape, const std::string& data) {
    entries[name] = {name, dtype, shape, data};
  }
  void state(const std::string& json, const std::string& kind = "nf4") {
    put("w.quant_state.bitsandbytes__" + kind, "U8", "[" + std::to_string(json.size()) + "]", json);
  }
  void write(const TemporaryFolder& folder) const {
    std::vector<Entry> list;
    for (const auto& [name, entry] : entries) list.push_back(entry);
    write_file(folder / "model.safetensors", safetensors_file(list));
  }
};

/// Checks that the parts are refused with a FormatError that names the file, tensor `name` and the parts of a
/// message.
void refuse(const Parts& parts, std::string_view name, std::initializer_list<std::string_view> texts) {
  const TemporaryFolder folder;
  parts.write(folder);
  const TensorStore store(folder.path());
  check_error<FormatError>([&] { find_four_bit(store, "w"); }, {folder.path(), "'" + std::string(name) + "'"});
  check_error<FormatError>([&] { find_four_bit(store, "w"); }, texts);
}

const std::string state_name = "w.quant_state.bitsandbytes__nf4";

}  // namespace

TEST_CASE("what bitsandbytes wrote decodes to its values") {
  const TensorStore store(golden("four_bit"));
  const TemporaryFolder folder;
  write_file(folder / "model.safetensors", file::read_file(golden("four_bit/expected.safetensors"), 1'000'000));
  const TensorStore expected_store(folder.path());
  std::size_t accounted = 1;  // ordinary.weight
  for (const TensorInfo& info : expected_store.tensors()) {
    CAPTURE(info.name);
    const auto tensor = find_four_bit(store, info.name);
    REQUIRE(tensor);
    CHECK(tensor->shape == info.shape);
    CHECK(tensor->dtype == "bfloat16");
    CHECK(tensor->kind == (info.name.starts_with("fp4") ? FourBitKind::fp4 : FourBitKind::nf4));
    CHECK(tensor->nested == !info.name.ends_with("_plain.weight"));
    CHECK(tensor->blocksize == (info.name == "fp4_nested.weight" ? 128 : 64));
    std::vector<float> expected(info.elements);
    std::vector<float> values(info.elements);
    expected_store.read_floats(info, 0, expected);
    read_floats(*tensor, 0, values);
    // The expected values are those in float32; the weights' own dtype is bfloat16.
    for (float& value : expected) value = quant::float_from_bfloat16(quant::bfloat16_from_float(value));
    for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(values[i] == expected[i]);
    release_four_bit(store, *store.find(info.name));
    std::vector<float> last(1);
    read_floats(*tensor, info.elements - 1, last);
    CHECK(last[0] == expected.back());
    ++accounted;
    for (const std::string& name : sibling_names(info.name)) accounted += store.find(name) != nullptr ? 1U : 0U;
  }
  CHECK(accounted == store.tensors().size());
  CHECK(!find_four_bit(store, "ordinary.weight"));
}

TEST_CASE("valid parts are read") {
  const TemporaryFolder folder;
  Parts nested(true);
  nested.write(folder);
  {
    const TensorStore store(folder.path());
    const auto tensor = find_four_bit(store, "w");
    REQUIRE(tensor);
    CHECK(tensor->elements == 129);
    CHECK(tensor->blocks == 3);
    CHECK(tensor->exact_nested_map);
    CHECK(tensor->scale(2) == 5.5F);
    CHECK(tensor->where == store.describe(store.at("w")));
  }
  // The map of another processor, a storage dtype that only renames the bytes, and the transposed form.
  std::array<float, 256> map = quant::dynamic_map;
  map[200] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(map[200]) + 1);
  nested.put("w.nested_quant_map", "F32", "[256]", floats(map));
  nested.put("w", "I8", "[1,65]", std::string(65, '\x17'));
  nested.write(folder);
  const TensorStore store(folder.path());
  CHECK(!find_four_bit(store, "w")->exact_nested_map);
}

TEST_CASE("missing and surplus parts are refused by name") {
  for (const std::string_view part : {"w.quant_map", "w.absmax", "w.nested_absmax", "w.nested_quant_map", "w"}) {
    Parts parts(true);
    parts.entries.erase(std::string(part));
    const TemporaryFolder folder;
    parts.write(folder);
    const TensorStore store(folder.path());
    check_error<FormatError>([&] { find_four_bit(store, "w"); },
                             {folder.path(), "'" + std::string(part) + "'", "missing"});
  }
  Parts stateless(true);
  stateless.entries.erase(state_name);
  refuse(stateless, "w.absmax", {"quant_state is missing"});
  Parts both(false);
  both.state(R"({"quant_type":"fp4","blocksize":64,"dtype":"bfloat16","shape":[3,43]})", "fp4");
  refuse(both, "w.quant_state.bitsandbytes__fp4", {"exclude"});
  Parts surplus(false);
  surplus.put("w.nested_absmax", "F32", "[1]", raw({1.0F}));
  refuse(surplus, "w", {".nested_absmax", "nested_offset"});
}

TEST_CASE("parts of a wrong dtype or shape are refused by name") {
  const auto refuse_part = [](bool nested, const Entry& entry, std::string_view expected) {
    Parts parts(nested);
    parts.entries[entry.name] = entry;
    refuse(parts, entry.name, {expected, entry.dtype});
  };
  refuse_part(false, {"w", "U8", "[64,1]", std::string(64, 'x')}, "U8 [65, 1]");
  refuse_part(false, {"w", "U8", "[66,1]", std::string(66, 'x')}, "U8 [65, 1]");
  refuse_part(false, {"w", "U8", "[65]", std::string(65, 'x')}, "U8 [65, 1]");
  refuse_part(false, {"w", "U8", "[5,13]", std::string(65, 'x')}, "U8 [65, 1]");
  refuse_part(false, {"w", "F32", "[65,1]", std::string(260, 'x')}, "U8 [65, 1]");
  refuse_part(false, {"w.absmax", "F32", "[2]", raw({1.0F, 1.0F})}, "F32 [3]");
  refuse_part(false, {"w.absmax", "F32", "[3,1]", raw({1.0F, 1.0F, 1.0F})}, "F32 [3]");
  refuse_part(false, {"w.absmax", "U8", "[3]", "xxx"}, "F32 [3]");
  refuse_part(false, {"w.quant_map", "F32", "[15]", std::string(60, 'x')}, "F32 [16]");
  refuse_part(false, {"w.quant_map", "BF16", "[16]", std::string(32, 'x')}, "F32 [16]");
  refuse_part(true, {"w.absmax", "F32", "[3]", raw({1.0F, 1.0F, 1.0F})}, "U8 [3]");
  refuse_part(true, {"w.absmax", "U8", "[4]", "xxxx"}, "U8 [3]");
  refuse_part(true, {"w.nested_absmax", "F32", "[2]", raw({1.0F, 1.0F})}, "F32 [1]");
  refuse_part(true, {"w.nested_absmax", "F16", "[1]", "xx"}, "F32 [1]");
  refuse_part(true, {"w.nested_quant_map", "F32", "[255]", std::string(1020, 'x')}, "F32 [256]");
  refuse_part(false, {state_name, "I8", "[2]", "{}"}, "U8");
  refuse_part(false, {state_name, "U8", "[70000]", std::string(70000, ' ')}, "65536");
}

TEST_CASE("other tables and scales that are no numbers are refused by code or element") {
  for (std::size_t i = 0; i < 16; ++i) {
    Parts parts(false);
    std::array<float, 16> table = quant::nf4_table;
    table[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(table[i]) + 1);
    parts.put("w.quant_map", "F32", "[16]", floats(table));
    refuse(parts, "w.quant_map", {"code " + std::to_string(i) + ",", "tables"});
  }
  Parts fp4(false);
  fp4.put("w.quant_map", "F32", "[16]", floats(fp4_table));
  refuse(fp4, "w.quant_map", {"code 0"});
  for (const std::uint32_t bits : {0x7FC00000U, 0x7F800000U, 0xFF800000U}) {
    Parts plain(false);
    plain.put("w.absmax", "F32", "[3]", raw({0x3F800000U, 0x3F800000U, bits}));
    refuse(plain, "w.absmax", {"element 2", "finite"});
    Parts nested(true);
    nested.put("w.nested_absmax", "F32", "[1]", raw({bits}));
    refuse(nested, "w.nested_absmax", {"element 0", "finite"});
    std::array<float, 256> map = quant::dynamic_map;
    map[7] = std::bit_cast<float>(bits);
    Parts mapped(true);
    mapped.put("w.nested_quant_map", "F32", "[256]", floats(map));
    refuse(mapped, "w.nested_quant_map", {"code 7"});
    Parts table(false);
    table.put("w.quant_map", "F32", "[16]", raw({bits}) + floats(quant::nf4_table).substr(4));
    refuse(table, "w.quant_map", {"code 0"});
  }
  Parts large(true);
  large.put("w.nested_absmax", "F32", "[1]", raw({3e38F}));
  refuse(large, "w.nested_absmax", {"element 0"});
  std::array<float, 256> map = quant::dynamic_map;
  map[0] *= 1.0001F;
  Parts mapped(true);
  mapped.put("w.nested_quant_map", "F32", "[256]", floats(map));
  refuse(mapped, "w.nested_quant_map", {"code 0", "dynamic map"});
}

TEST_CASE("a wrong quant_state is refused by field") {
  const auto refuse_state = [](const std::string& json, std::string_view field) {
    CAPTURE(json);
    for (const bool nested : {false, true}) {
      Parts parts(nested);
      parts.state(json);
      refuse(parts, state_name, {field});
    }
  };
  const auto state = [](std::string_view type, std::string_view blocksize, std::string_view dtype,
                        std::string_view shape, std::string_view more = "") {
    std::string json = "{\"quant_type\":" + std::string(type) + ",\"blocksize\":" + std::string(blocksize);
    return json + ",\"dtype\":" + std::string(dtype) + ",\"shape\":" + std::string(shape) + std::string(more) +
           "}";
  };
  const std::string nf4 = "\"nf4\"";
  const std::string bf16 = "\"bfloat16\"";
  refuse_state("", "JSON");
  refuse_state("[]", "an array");
  refuse_state("{\"quant_type\":\"nf4\"", "JSON");
  refuse_state("{}", "quant_type");
  refuse_state("{\"quant_type\":\"nf4\",\"quant_type\":\"nf4\"}", "second time");
  for (const std::string_view type : {"\"fp4\"", "\"int8\"", "4", "null"}) {
    refuse_state(state(type, "64", bf16, "[3,43]"), "quant_type");
  }
  for (const std::string_view size : {"0", "-64", "16", "63", "96", "8192", "64.0", "\"64\"", "null"}) {
    refuse_state(state(nf4, size, bf16, "[3,43]"), "blocksize");
  }
  for (const std::string_view dtype : {"\"float64\"", "\"int8\"", "\"torch.bfloat16\"", "1", "null"}) {
    refuse_state(state(nf4, "64", dtype, "[3,43]"), "dtype");
  }
  for (const std::string_view shape :
       {"[]", "[129]", "[3,43,1,1]", "[0,43]", "[-3,43]", "[3.0,43]", "[\"3\",43]", "129", "null",
        "[1000000000000,1000000000000]", "[9223372036854775807,43]"}) {
    refuse_state(state(nf4, "64", bf16, shape), "shape");
  }
  refuse_state(state(nf4, "64", bf16, "[1000000000,1000000000,1000000000]"), "exceeds 64 bits");
  for (const std::string_view more :
       {",\"nested_blocksize\":256", ",\"nested_dtype\":\"float32\"",
        ",\"nested_offset\":\"1\",\"nested_blocksize\":256,\"nested_dtype\":\"float32\"",
        ",\"nested_offset\":1e39,\"nested_blocksize\":256,\"nested_dtype\":\"float32\"",
        ",\"nested_offset\":1,\"nested_blocksize\":128,\"nested_dtype\":\"float32\"",
        ",\"nested_offset\":1,\"nested_dtype\":\"float32\"", ",\"nested_offset\":1,\"nested_blocksize\":256",
        ",\"nested_offset\":1,\"nested_blocksize\":256,\"nested_dtype\":\"float16\""}) {
    refuse_state(state(nf4, "64", bf16, "[3,43]", more), "nested_");
  }
  // A float32 that is too large for the sum of a scale: the message tells the range.
  refuse_state(state(nf4, "64", bf16, "[3,43]",
                     ",\"nested_offset\":3e38,\"nested_blocksize\":256,\"nested_dtype\":\"float32\""),
               "'nested_offset' is 3e+38, expected a number from -2^127 to 2^127");
  // Another shape than the codes have.
  Parts parts(false);
  parts.state(state(nf4, "64", bf16, "[3,44]"));
  refuse(parts, "w", {"[66, 1]", "[3, 44]"});
}
