// Routes of other programs: each form, and every refusal with its line.
#include "asterism/lab/import_routes.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/read_routing_trace.hpp"

#include "lab/routing_traces.hpp"

using namespace asterism;
using namespace asterism::lab;
using test::check_error;

namespace {

const std::string header = "turn,phase,step,layer,slot,expert,weight\n";

void check_refused(const std::string& text, int line, std::initializer_list<std::string_view> what,
                   const ImportOptions& options = {}) {
  check_error<FormatError>([&] { import_routes(text, "r.csv", options); }, {concat("r.csv, line ", line, ": ")});
  check_error<FormatError>([&] { import_routes(text, "r.csv", options); }, what);
}

std::vector<std::int32_t> experts(const RoutingTrace& trace, std::size_t sequence) {
  std::vector<std::int32_t> all;
  for (const observe::Choice& choice : trace.sequences()[sequence].choices) all.push_back(choice.expert);
  return all;
}

using Ids = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("lines of turns: phases, passes, any order, layers that have experts") {
  // Layers 1 and 3; the prompt is written layer by layer, the answer's second choice before its first.
  const RoutingTrace trace = import_routes(header +
                                               "7,prefill,0,1,0,2,0.5\n7,prefill,0,1,1,0,0.25\r\n"
                                               "7,prefill,1,1,0,1,0.5\n7,prefill,1,1,1,3,0.5\n\n"
                                               "7,prompt,0,3,0,3,1\n7,prompt,0,3,1,1,0\n"
                                               "7,prompt,1,3,0,0,0.25\n7,prompt,1,3,1,2,0.75\n"
                                               "7,decode,0,1,1,0,0.25\n 7, decode, 0, 1, 0, 1, 0.5\n"
                                               "7,generate,0,3,0,1,0.5\n7,decode,0,3,1,2,0.25\n"
                                               "3,decode,5,1,0,0,1\n3,decode,5,1,1,1,0\n"
                                               "3,decode,5,3,0,0,1\n3,decode,5,3,1,1,0\n",
                                           "r.csv");
  CHECK(trace.sizes() == RoutingSizes{2, 4, 2});
  REQUIRE(trace.sequences().size() == 2);
  CHECK(trace.sequences()[0].label == "turn 7");
  CHECK(trace.sequences()[0].prompt_tokens == 2);
  CHECK(trace.sequences()[0].tokens == std::vector<TokenId>(3));
  CHECK(trace.sequences()[0].passes == std::vector<std::uint32_t>{2, 1});
  CHECK(experts(trace, 0) == Ids{2, 0, 3, 1, 1, 3, 2, 0, 1, 0, 1, 2});
  CHECK(trace.at(0, 1, 1)[0].probability == doctest::Approx(0.75).epsilon(1e-4));
  CHECK(trace.sequences()[1].label == "turn 3");
  CHECK(trace.sequences()[1].prompt_tokens == 0);
  CHECK(trace.sequences()[1].passes == std::vector<std::uint32_t>{1});
  CHECK(experts(trace, 1) == Ids{0, 1, 0, 1});
  CHECK(import_routes(header + "0,decode,0,0,0,1,1\n", "r.csv", {.experts = 8}).sizes() == RoutingSizes{1, 8, 1});
}

TEST_CASE("lines of layers: a token ends where the layer falls") {
  const RoutingTrace trace = import_routes("layer,expert\n0,1\n0,2\n2,0\n2,1\n0,0\n0,1\n2,2\n2,0\n", "r.csv");
  CHECK(trace.sizes() == RoutingSizes{2, 3, 2});
  REQUIRE(trace.sequences().size() == 1);
  CHECK(experts(trace, 0) == Ids{1, 2, 0, 1, 0, 1, 2, 0});
  CHECK(trace.at(0, 0, 0)[0].probability == doctest::Approx(0.5).epsilon(1e-4));
  CHECK(trace.sequences()[0].passes.empty());
  CHECK(trace.sequences()[0].prompt_tokens == 0);
  const RoutingTrace one = import_routes("layer,expert\n0,1\n0,2\n0,0\n0,1\n", "r.csv", {.top_k = 2});
  CHECK(one.sizes() == RoutingSizes{1, 3, 2});
  CHECK(one.sequences()[0].tokens.size() == 2);
}

TEST_CASE("lines of JSON: a token and layer that were there begin the next sequence") {
  const RoutingTrace trace = import_routes(
      R"({"layer_idx": 0, "token_idx": 4, "selected_ids": [3, 1], "gate_weights": [0.4, 0.6], "model": "m"}
{"layer_idx": 0, "token_idx": 5, "selected_ids": [0, 1], "gate_weights": [0.5, 0.5]}
{"layer_idx": 1, "token_idx": 4, "selected_ids": [2, 0], "gate_weights": [1, 0]}
{"layer_idx": 1, "token_idx": 5, "selected_ids": [2, 3], "gate_weights": [1, 0]}
{"layer_idx": 0, "token_idx": 4, "selected_ids": [0, 2], "gate_weights": [1, 0]}
{"layer_idx": 1, "token_idx": 4, "selected_ids": [1, 2], "gate_weights": [1, 0]})",
      "r.jsonl");
  CHECK(trace.sizes() == RoutingSizes{2, 4, 2});
  REQUIRE(trace.sequences().size() == 2);
  CHECK(experts(trace, 0) == Ids{1, 3, 2, 0, 0, 1, 2, 3});
  CHECK(experts(trace, 1) == Ids{0, 2, 1, 2});
  CHECK(trace.sequences()[1].label == "sequence 1");
}

TEST_CASE("what is wrong is refused with its line") {
  check_refused("", 1, {"the file is empty"});
  check_refused("\n \n", 1, {"the file is empty"});
  check_refused("expert,layer\n", 1, {"'expert,layer', expected the header turn,", "layer,expert", "JSON"});
  check_refused("layer,expert\n", 1, {"no choices follow"});
  check_refused(header + "0,decode,0,0,0,1\n", 2, {"6 fields, expected 7"});
  check_refused(header + "\n0,decode,0,0,0,1,1,\n", 3, {"8 fields, expected 7"});
  check_refused(header + "0,thinking,0,0,0,1,1\n", 2, {"phase is 'thinking', expected prompt"});
  check_refused(header + "0,decode,x,0,0,1,1\n", 2, {"step is 'x', expected an integer from 0"});
  check_refused(header + "0,decode,0,-1,0,1,1\n", 2, {"layer is '-1'"});
  check_refused(header + "0,decode,0,0,0,65536,1\n", 2,
                {"expert is '65536', expected an integer from 0 to 65535"});
  check_refused(header + "0,decode,0,0,0,1.5,1\n", 2, {"expert is '1.5'"});
  check_refused(header + "99999999999999999999,decode,0,0,0,1,1\n", 2, {"turn is '9999"});
  for (const char* weight : {"1.5", "-0.1", "nan", "inf", "", "0.5x"}) {
    check_refused(header + "0,decode,0,0,0,1," + weight + "\n", 2,
                  {concat("weight is '", weight, "', expected a number from 0 to 1")});
  }
  check_refused(header + "0,decode,0,0,0,1,1\n0,decode,0,0,1,1,0\n", 3, {"expert 1 a second time"});
  check_refused(header + "0,decode,0,0,0,5,1\n", 2, {"expert 5, expected 0 to 4"}, {.experts = 5});
}

TEST_CASE("tokens that lack a choice or have one too many are refused with a line of theirs") {
  const std::string sound =
      header + "0,decode,0,0,0,1,1\n0,decode,0,0,1,0,0\n0,decode,0,1,0,1,1\n0,decode,0,1,1,0,0\n";
  CHECK_NOTHROW(import_routes(sound, "r.csv"));
  check_refused(sound + "0,decode,1,0,0,1,1\n", 6, {"the token has 1 experts in layer 0, expected 2"});
  check_refused(sound + "0,decode,1,1,0,1,1\n0,decode,1,1,1,0,1\n", 6, {"the token has 0 experts in layer 0"});
  check_refused(sound + "0,decode,1,0,0,1,1\n0,decode,1,0,1,0,1\n", 6, {"the token has 0 experts in layer 1"});
  check_refused(sound + "0,decode,0,0,2,2,0\n", 5, {"the token has 2 experts in layer 1, expected 3"});
  check_refused(sound + "0,decode,1,0,0,1,1\n0,decode,1,0,1,0,0\n0,decode,1,0,2,2,0\n", 8,
                {"a choice too many, expected 2"});
  check_refused(sound + "0,decode,0,1,2,2,0\n", 6, {"a choice too many, expected 2"});
  check_refused("layer,expert\n0,1\n0,2\n1,0\n0,1\n1,1\n1,2\n", 4, {"the token has 1 experts in layer 1"});
  check_refused("layer,expert\n0,1\n0,2\n", 3, {"all lines are of layer 0", "ImportOptions::top_k"});
}

TEST_CASE("lines of JSON that are wrong are refused") {
  const std::string one = R"({"layer_idx": 0, "token_idx": 0, "selected_ids": [0], "gate_weights": [1]})";
  CHECK_NOTHROW(import_routes(one, "r.csv"));
  check_refused(one + "\n{", 2, {"byte"});
  check_refused(one + "\n[]", 2, {"object"});
  check_refused(one + "\n{}", 2, {"layer_idx"});
  check_refused(R"({"layer_idx": -1, "token_idx": 0, "selected_ids": [0], "gate_weights": [1]})", 1,
                {"layer_idx"});
  check_refused(R"({"layer_idx": 0, "token_idx": 0.5, "selected_ids": [0], "gate_weights": [1]})", 1,
                {"token_idx"});
  check_refused(R"({"layer_idx": 0, "token_idx": 0, "selected_ids": ["0"], "gate_weights": [1]})", 1,
                {"selected_ids"});
  check_refused(R"({"layer_idx": 0, "token_idx": 0, "selected_ids": [0], "gate_weights": [2]})", 1,
                {"a weight of 2"});
  check_refused(R"({"layer_idx": 0, "token_idx": 0, "selected_ids": [0, 1], "gate_weights": [1]})", 1,
                {"2 selected_ids and 1 gate_weights"});
  check_refused(R"({"layer_idx": 0, "token_idx": 0, "selected_ids": [], "gate_weights": []})", 1, {"at least 1"});
}

TEST_CASE("options outside their ranges are refused") {
  for (const ImportOptions wrong : {ImportOptions{.experts = -1}, {.experts = 65537}, {.top_k = -1}}) {
    check_error<InvalidArgument>([&] { import_routes("layer,expert\n0,0\n1,0\n", "r", wrong); },
                                 {"can't be imported"});
  }
}

TEST_CASE("files of any form are read, and what was imported can be written") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "a.csv", "layer,expert\n0,1\n1,0\n");
  const RoutingTrace imported = read_any_routing_trace(folder / "a.csv");
  imported.write(folder / "b");
  CHECK(read_any_routing_trace(folder / "b") == imported);
  test::write_file(folder / "c", "layer,expert\n0,x\n");
  check_error<FormatError>([&] { read_any_routing_trace(folder / "c"); }, {folder / "c, line 2: expert is 'x'"});
  check_error<FileError>([&] { read_any_routing_trace(folder / "none"); }, {folder / "none"});
}
