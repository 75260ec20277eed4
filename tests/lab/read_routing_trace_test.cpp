// Routing traces are read as they were written; every planted mistake is refused by its name.
#include "asterism/lab/read_routing_trace.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"

#include "lab/routing_traces.hpp"

using namespace asterism;
using namespace asterism::lab;
using test::as_bytes;
using test::check_error;
using test::file_of;
using test::planted;
using test::TemporaryFolder;

namespace {

RoutingTrace parse(const std::string& bytes) { return parse_routing_trace(as_bytes(bytes), "dir/t.trace"); }

/// Two layers, five experts, top 2; the labels "a" and "bc", two tokens and one.
const std::string& small() {
  static const std::string bytes = [] {
    RoutingTrace trace(2, 5, 2);
    trace.append({"a",
                  1,
                  {10, 11},
                  {{0, 0.5F}, {1, 0.25F}, {2, 0.5F}, {3, 0.25F}, {4, 0.5F}, {0, 0.25F}, {1, 0.5F}, {2, 0.25F}}});
    trace.append({"bc", 0, {12}, {{3, 0.5F}, {4, 0.25F}, {0, 0.5F}, {1, 0.25F}}});
    return file_of(trace);
  }();
  return bytes;
}

// Where things lie in it.
constexpr std::size_t first_at = 40;
constexpr std::size_t label_at = first_at + 24;
constexpr std::size_t ids_at = label_at + 1;
constexpr std::size_t experts_at = ids_at + 2 * 4;
constexpr std::size_t probabilities_at = experts_at + 8;
constexpr std::size_t second_at = probabilities_at + 16;
constexpr std::size_t checksum_at = second_at + 24 + 2 + 4 + 4 + 8;

/// `bytes` are refused: the message names the file, the offset and `what`.
template <class E = FormatError>
void check_refused(const std::string& bytes, std::size_t offset, std::initializer_list<std::string_view> what) {
  check_error<E>([&] { parse(bytes); }, {concat("dir/t.trace: at byte ", offset, ": ")});
  check_error<E>([&] { parse(bytes); }, what);
}

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("what was written is read, for all sizes") {
  Random random(3);
  const TemporaryFolder folder;
  for (const RoutingSizes sizes :
       {RoutingSizes{1, 1, 1}, RoutingSizes{1, 2, 2}, RoutingSizes{2, 8, 2}, RoutingSizes{5, 255, 3},
        RoutingSizes{2, 256, 256}, RoutingSizes{2, 257, 4}, RoutingSizes{3, 300, 10}, RoutingSizes{1, 65536, 7}}) {
    CAPTURE(to_string(sizes));
    for (const std::size_t sequences : {0U, 1U, 2U, 5U}) {
      RoutingTrace trace(sizes);
      for (std::size_t i = 0; i < sequences; ++i) {
        trace.append(test::random_sequence(sizes, random.below(9), random));
      }
      trace.write(folder / "trace");
      const RoutingTrace found = read_routing_trace(folder / "trace");
      CHECK(found == trace);
      CHECK(found.sizes() == sizes);
      CHECK(found.encode() == trace.encode());
    }
  }
}

TEST_CASE("a file cut at any byte is refused, whether or not its checksum is made right") {
  REQUIRE(small().size() == checksum_at + 4);
  CHECK_NOTHROW(parse(small()));
  for (std::size_t size = 0; size < small().size(); ++size) {
    CAPTURE(size);
    const std::string cut = small().substr(0, size);
    check_error<FormatError>([&] { parse(cut); }, {"dir/t.trace: at byte "});
    if (size < 44) check_refused(cut, size, {"the file ends, expected at least 44 bytes"});
    if (size >= 44) check_error<FormatError>([&] { parse(planted(cut, 0, 'A')); }, {"bytes"});
  }
}

TEST_CASE("one changed bit anywhere is noticed") {
  for (std::size_t bit = 0; bit < small().size() * 8; ++bit) {
    CAPTURE(bit);
    std::string bytes = small();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    CHECK_THROWS_AS(parse(bytes), Error);
  }
  std::string bytes = small();
  bytes[label_at] = 'x';
  check_refused(bytes, checksum_at, {"the checksum is ", "expected ", "damaged"});
}

TEST_CASE("other files and other versions are refused") {
  check_refused("{\"not\": \"a trace\"}", 0, {"'{\"not\": ', expected 'ASTROUTE'"});
  check_refused("AS\x01", 0, {"'AS\\x01'"});
  check_refused(planted(small(), 0, 'B'), 0, {"'BSTROUTE', expected 'ASTROUTE': no routing trace"});
  check_refused<Unsupported>(planted(small(), 8, 3U), 8, {"version 3, expected 1 to 2"});
}

TEST_CASE("impossible sizes are refused") {
  check_refused(planted(small(), 12, 0U), 12, {"0 layers, 5 experts, top 2, expected layers >= 1"});
  check_refused(planted(small(), 16, 1U), 12, {"2 layers, 1 experts, top 2"});
  check_refused(planted(small(), 16, 65537U), 12, {"65537 experts"});
  check_refused(planted(small(), 20, 0U), 12, {"top 0"});
  check_refused(planted(small(), 20, 0x80000000U), 20, {"2147483648", "2^31"});
}

TEST_CASE("counts that do not fit the file are refused before anything is allocated") {
  for (const std::uint64_t count : {huge, huge / 24, std::uint64_t{5}}) {
    check_refused(planted(small(), 24, count), 24, {concat(count, " sequences"), "truncated"});
  }
  for (const std::uint64_t count : {huge, huge / 16 + 1, std::uint64_t{6}}) {
    check_refused(planted(small(), 32, count), 24, {concat(count, " tokens of 16 bytes"), "truncated"});
  }
  for (const std::uint64_t size : {huge, std::uint64_t{200}}) {
    check_refused(planted(small(), first_at, size), first_at, {"sequence 0 has a label", concat(size, " bytes")});
  }
  for (const std::uint64_t count : {huge, std::uint64_t{4}}) {
    check_refused(planted(small(), first_at + 16, count), first_at + 16,
                  {concat("sequence 0 has ", count, " tokens, expected at most 3")});
  }
  // Many layers: a token takes more bytes than there are.
  check_refused(planted(planted(small(), 12, 0x7FFFFFFFU), 32, std::uint64_t{0}), first_at + 16,
                {"sequence 0 has 2 tokens, expected at most 0"});
  check_refused(planted(small(), 12, 0x7FFFFFFFU), 24, {"3 tokens of 12884901886 bytes"});
  // A label that leaves too little for the tokens.
  check_refused(planted(small(), first_at, std::uint64_t{70}), first_at + 16, {"only ", " bytes are left"});
}

TEST_CASE("counts that disagree with each other are refused") {
  // The second sequence's token belongs to nobody.
  check_refused(planted(small(), second_at + 16, std::uint64_t{0}), 32, {"1 tokens more than all sequences have"});
  check_refused(planted(small(), 32, std::uint64_t{2}), second_at + 16, {"sequence 1 has 1 tokens", "at most 0"});
  const std::string one = planted(planted(small(), 24, std::uint64_t{1}), 32, std::uint64_t{2});
  check_refused(one, second_at, {"42 surplus bytes before the checksum, expected none"});
  std::string longer = small() + "x";
  check_refused(planted(longer, 0, 'A'), checksum_at, {"1 surplus bytes"});
  // A second sequence that is not there.
  RoutingTrace labelled(1, 1, 1);
  labelled.append({std::string(60, 'a'), 0, {}, {}});
  const std::string second = planted(file_of(labelled), 24, std::uint64_t{2});
  check_refused(second, 40 + 24 + 60, {"sequence 1 needs 24 bytes, but only 0 are left"});
}

TEST_CASE("sequences that break a rule are refused with the offset of the mistake") {
  check_refused(planted(small(), label_at, '\xFF'), label_at, {"sequence 0: the label is not UTF-8"});
  check_refused(planted(small(), first_at + 8, std::uint64_t{3}), first_at + 8, {"sequence 0: 3 prompt tokens"});
  check_refused(planted(small(), ids_at + 4, -1), ids_at + 4, {"token 1 has the id -1"});
  check_refused(planted(small(), experts_at + 6, '\5'), experts_at + 6,
                {"token 1, layer 1, choice 0: expert 5, expected 0 to 4"});
  check_refused(planted(small(), experts_at + 3, '\2'), experts_at + 3,
                {"token 0, layer 1, choice 1: expert 2 a second time"});
  check_refused(planted(small(), probabilities_at + 5 * 2, std::uint16_t{65535}), probabilities_at + 5 * 2,
                {"token 1, layer 0, choice 1: probability 1 behind 0.5", "expected descending"});
  check_refused(planted(small(), second_at + 24 + 2 + 4 + 1, '\3'), second_at + 24 + 2 + 4 + 1,
                {"sequence 1: token 0, layer 0, choice 1: expert 3 a second time"});
  Random random(5);
  RoutingTrace wide(3, 300, 10);
  wide.append(test::random_sequence(wide.sizes(), 4, random));
  const std::string bytes = file_of(wide);
  const std::size_t ids = 40 + 24 + wide.sequences()[0].label.size() + 4 * 4;
  check_refused(planted(bytes, ids + 77 * 2, std::uint16_t{300}), ids + 77 * 2,
                {"token 2, layer 1, choice 7: expert 300, expected 0 to 299"});
}

// With passes, all probabilities and guesses: two layers, three experts, top 1; two tokens in a pass each.
namespace {

const std::string& full() {
  static const std::string bytes = [] {
    RoutingTrace trace(2, 3, 1);
    RoutedSequence sequence{.label = "a",
                            .prompt_tokens = 1,
                            .tokens = {10, 11},
                            .choices = {{0, 0.5F}, {1, 0.5F}, {2, 0.5F}, {0, 0.5F}},
                            .passes = {1, 1},
                            .probabilities = {0.5F, 0.25F, 0, 0, 0.5F, 0.25F, 0, 0, 0.5F, 0.5F, 0, 0},
                            .guesses = {0, 0.5F, 0.25F, 1, 0, 0}};
    trace.append(sequence);
    return file_of(trace);
  }();
  return bytes;
}

constexpr std::size_t full_passes_at = 40 + 32 + 1 + 2 * 4 + 4 + 4 * 2;
constexpr std::size_t full_all_at = full_passes_at + 2 * 4;
constexpr std::size_t full_guesses_at = full_all_at + 12 * 2;

}  // namespace

TEST_CASE("version 2: passes, all probabilities and guesses") {
  REQUIRE(full().size() == full_guesses_at + 6 * 2 + 4);
  const RoutingTrace found = parse(full());
  CHECK(found.version() == 2);
  CHECK(file_of(found) == full());
  CHECK(found.sequences()[0].passes == std::vector<std::uint32_t>{1, 1});
  const View<const float> all = found.probabilities(0, 1, 0);
  REQUIRE(all.size == 3);
  CHECK(all[2] == doctest::Approx(0.5).epsilon(1e-4));
  const View<const float> guess = found.guess(0, 1, 0);
  REQUIRE(guess.size == 3);
  CHECK(guess[0] == 1);
  CHECK(found.guess(0, 1, 1).empty());  // there is no layer behind the last
  CHECK(parse(small()).version() == 1);
  CHECK(parse(small()).probabilities(0, 0, 0).empty());
  CHECK(parse(small()).guess(0, 0, 0).empty());
}

TEST_CASE("version 2: files cut or changed are refused") {
  for (std::size_t size = 0; size < full().size(); ++size) {
    CAPTURE(size);
    const std::string cut = full().substr(0, size);
    check_error<FormatError>([&] { parse(cut); }, {"dir/t.trace: at byte "});
    if (size >= 44) check_error<FormatError>([&] { parse(planted(cut, 0, 'A')); }, {"bytes"});
  }
  for (std::size_t bit = 0; bit < full().size() * 8; ++bit) {
    CAPTURE(bit);
    std::string bytes = full();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    CHECK_THROWS_AS(parse(bytes), Error);
  }
}

TEST_CASE("version 2: what it adds is checked") {
  check_refused(planted(full(), 40 + 28, 4U), 40 + 28, {"sequence 0 has the flags 4, expected 0 to 3"});
  check_refused(planted(full(), 40 + 24, 0xFFFFFFFFU), 40 + 24, {"sequence 0 has 4294967295 passes, but only"});
  check_refused(planted(full(), full_passes_at, 0U), full_passes_at, {"pass 0 has no token"});
  check_refused(planted(full(), full_passes_at + 4, 2U), full_passes_at + 4,
                {"the passes up to 1 have 3 tokens, expected at most 2"});
  check_refused(planted(full(), full_all_at + 2 * 8, std::uint16_t{9}), full_all_at + 2 * 8,
                {"token 1, expert 2: a probability of ", "as a choice, expected the same"});
  // Another sequence of no tokens with a flag, and a model with one layer.
  RoutingTrace empty(2, 3, 1);
  empty.append({"", 0, {}, {}});
  RoutedSequence one{.label = "", .prompt_tokens = 0, .tokens = {1}, .choices = {{0, 1}, {0, 1}}, .passes = {1}};
  empty.append(one);
  check_refused(planted(file_of(empty), 40 + 28, 1U), 40 + 28, {"has the flags 1 but no tokens"});
  RoutingTrace single(1, 3, 1);
  single.append({.label = "", .prompt_tokens = 0, .tokens = {1}, .choices = {{0, 1}}, .passes = {1}});
  check_refused(planted(file_of(single), 40 + 28, 2U), 40 + 28, {"has guesses of a next layer"});
}

TEST_CASE("version 2: what was written is read, with some of it or all") {
  Random random(9);
  for (const RoutingSizes sizes : {RoutingSizes{1, 4, 2}, RoutingSizes{3, 8, 2}, RoutingSizes{2, 300, 5}}) {
    for (unsigned parts = 0; parts < 8; ++parts) {
      RoutingTrace trace(sizes);
      for (std::size_t i = 0; i < 3; ++i) {
        trace.append(test::with_more(test::random_sequence(sizes, i * 4, random), sizes, parts, random));
      }
      const RoutingTrace found = parse(file_of(trace));
      CHECK(found == trace);
      CHECK(file_of(found) == file_of(trace));
      CHECK(found.version() == (parts == 0 || (parts == 4 && sizes.layers == 1) ? 1 : 2));
    }
  }
}

TEST_CASE("files that can't be read") {
  const TemporaryFolder folder;
  check_error<FileError>([&] { read_routing_trace(folder / "none"); }, {folder / "none"});
  check_error<FileError>([&] { read_routing_trace(folder.path()); }, {folder.path(), "a folder"});
  test::write_file(folder / "empty", "");
  check_error<FormatError>([&] { read_routing_trace(folder / "empty"); },
                           {folder / "empty: at byte 0: the file ends"});
}
