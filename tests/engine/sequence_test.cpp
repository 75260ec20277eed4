// The tokens of a sequence: what is known, what is pending, and when it is full.
#include "asterism/engine/sequence.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/pruned_kv_cache.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"

#include "model/filled_network.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;

namespace {

using Sequence = engine::Sequence<Exact>;
using Tokens = std::vector<TokenId>;

/// A small shape without weights: nothing is computed here.
const engine::Engine<Exact>& plain() {
  static const engine::Engine<Exact> out = [] {
    Limits limits = Exact::limits;
    limits.context = 10;
    Shape shape = test::small_shape;
    shape.vocabulary = 160;
    return engine::Engine<Exact>(plan<Exact>(equal_devices(1, 8_MiB), shape, limits), shape, limits);
  }();
  return out;
}

Tokens tokens_of(const Sequence& sequence) { return {sequence.tokens().begin(), sequence.tokens().end()}; }

}  // namespace

TEST_CASE("what the caches know of a new prompt is not pending") {
  Sequence sequence(plain());
  const auto constant = std::numeric_limits<std::size_t>::max();
  CHECK(sequence.tokens().empty());
  CHECK(sequence.pending() == 0);
  CHECK(sequence.common_prefix(Tokens{1, 2}) == 0);

  sequence.begin(Tokens{1, 5, 6, 8}, 3);
  CHECK(sequence.computed() == 0);
  CHECK(sequence.pending() == 4);
  CHECK(sequence.common_prefix(Tokens{1, 5}) == 0);  // nothing was computed yet
  const auto segment = sequence.segment(3);
  CHECK(segment.first == 0);
  CHECK(segment.rows == 3);
  CHECK(segment.observer == &sequence.observer());
  CHECK(segment.caches->on(0).capacity() == 10);
  const auto next = sequence.next(3);
  CHECK(Tokens(next.begin(), next.end()) == Tokens{1, 5, 6});
  CHECK(sequence.computed() == 0);  // the pass may be made again
  sequence.advance(3);
  CHECK(sequence.computed() == 3);
  CHECK(sequence.pending() == 1);
  CHECK(sequence.segment(1).first == 3);
  CHECK(sequence.next(1)[0] == 8);
  sequence.advance(1);
  sequence.append(9);
  CHECK(tokens_of(sequence) == Tokens{1, 5, 6, 8, 9});
  CHECK(sequence.pending() == 1);

  CHECK(sequence.common_prefix(Tokens{1, 5, 6, 8, 9, 4}) == 4);  // 9 was not computed
  CHECK(sequence.common_prefix(Tokens{1, 5, 7}) == 2);
  CHECK(sequence.common_prefix(Tokens{1}) == 1);
  CHECK(sequence.common_prefix(Tokens{3, 5}) == 0);
  sequence.begin(Tokens{1, 5, 7, 8}, constant);
  CHECK(sequence.computed() == 2);
  CHECK(tokens_of(sequence) == Tokens{1, 5, 7, 8});
  sequence.advance(2);
  sequence.begin(Tokens{1, 5, 7, 8}, 3);  // the last one again, for its logits
  CHECK(sequence.computed() == 3);
  sequence.begin(sequence.tokens(), constant);  // its own tokens
  CHECK(tokens_of(sequence) == Tokens{1, 5, 7, 8});
  CHECK(sequence.computed() == 3);
  sequence.begin(sequence.tokens().subview(1, 2), constant);
  CHECK(tokens_of(sequence) == Tokens{5, 7});
  CHECK(sequence.computed() == 0);
  sequence.advance(2);
  sequence.clear();
  CHECK(sequence.tokens().empty());
  CHECK(sequence.computed() == 0);
  CHECK(sequence.common_prefix(Tokens{5, 7}) == 0);
}

TEST_CASE("it has room for one token more than the context, which needs no place in the caches") {
  CHECK(Sequence(plain()).capacity() == 11);
}

TEST_CASE("prompts that can't be computed are refused by name") {
  check_error<InvalidArgument>([] { Sequence::check(plain(), Tokens{}); }, {"no tokens"});
  check_error<InvalidArgument>([] { Sequence::check(plain(), Tokens(11, 5)); },
                               {"11 tokens", "10", "Limits::context"});
  for (const TokenId bad : {-1, 160}) {
    check_error<InvalidArgument>(
        [&] {
          Sequence::check(plain(), Tokens{5, bad});
        },
        {"token 1", concat("id ", bad), "160 entries"});
  }
  CHECK_NOTHROW(Sequence::check(plain(), Tokens(10, 159)));
}

TEST_CASE("passes end where a state is kept: before the last token of a prompt, and every 8192") {
  Limits limits = Exact::limits;
  limits.context = 36000;
  const engine::Engine<Exact> hybrid(plan<Exact>(equal_devices(1, 64_MiB), test::hybrid_shape, limits),
                                     test::hybrid_shape, limits);
  Sequence sequence(hybrid);
  sequence.begin(Tokens(10, 3), 0);
  CHECK(sequence.rows_to_stop() == 9);
  sequence.advance(4);
  CHECK(sequence.rows_to_stop() == 5);
  sequence.advance(5);
  CHECK(sequence.rows_to_stop() > 1);
  sequence.advance(1);
  sequence.append(4);
  sequence.advance(1);
  sequence.begin(Tokens(10, 3), 9);  // the same prompt again: the state before its last token was kept
  CHECK(sequence.computed() == 9);
  sequence.advance(1);
  sequence.append(5);
  sequence.advance(1);
  Tokens edited(10, 3);
  edited[9] = 7;
  edited.push_back(8);
  sequence.begin(edited, 10);  // edited at its end
  CHECK(sequence.computed() == 9);
  edited[4] = 7;
  CHECK(sequence.begin(edited, 10) == 4);  // edited earlier
  CHECK(sequence.computed() == 0);

  sequence.begin(Tokens(17000, 3), 0);
  std::vector<std::size_t> passes;
  while (sequence.pending() > 0) {
    passes.push_back(std::min(sequence.pending(), sequence.rows_to_stop()));
    sequence.advance(passes.back());
  }
  CHECK(passes == std::vector<std::size_t>{8192, 8192, 615, 1});
  Tokens later(17000, 3);
  later[16500] = 4;
  CHECK(sequence.begin(later, 16999) == 16500 - 16384);  // known, and to be computed again
  CHECK(sequence.computed() == 16384);
  later[10000] = 4;
  sequence.begin(later, 16999);
  CHECK(sequence.computed() == 0);  // of more positions than there are slots the oldest is forgotten

  sequence.begin(Tokens(17000, 3), 0);
  while (sequence.pending() > 0) sequence.advance(std::min(sequence.pending(), sequence.rows_to_stop()));
  while (sequence.tokens().size < 34000) {  // an answer past two further states
    sequence.append(4);
    sequence.advance(1);
  }
  sequence.begin(Tokens(17000, 3), 16999);  // the one of the prompt's end outlives them
  CHECK(sequence.computed() == 16999);
  sequence.begin(Tokens(17000, 3), 16999);
  CHECK(sequence.computed() == 16999);
  // A prompt that is what the sequence has: its last token is pending, and its state is kept from the beginning.
  sequence.advance(1);
  sequence.append(4);
  const Tokens longer = tokens_of(sequence);
  sequence.begin(longer, longer.size() - 1);
  CHECK(sequence.computed() == 17000);
  sequence.advance(1);
  sequence.append(5);
  sequence.advance(1);
  sequence.begin(longer, longer.size() - 1);
  CHECK(sequence.computed() == 17000);

  Sequence plainly(plain());
  plainly.begin(Tokens(9, 3), 0);
  CHECK(plainly.rows_to_stop() == 9);  // nothing to keep
}

TEST_CASE("passes end where a cache prunes itself") {
  struct Pruned : Exact {
    using KvCache = attention::PrunedKvCache<quant::Float16, 6, 2, 1>;
  };
  Limits limits = Exact::limits;
  limits.context = 10;
  Shape shape = test::small_shape;
  shape.vocabulary = 160;
  const engine::Engine<Pruned> engine(plan<Pruned>(equal_devices(1, 8_MiB), shape, limits), shape, limits);
  engine::Sequence<Pruned> sequence(engine);
  sequence.begin(Tokens{1, 2, 3, 4, 5, 6, 7, 8, 9}, 8);
  CHECK(sequence.rows_to_stop() == 6);
  sequence.advance(5);
  CHECK(sequence.rows_to_stop() == 1);
  sequence.advance(1);
  CHECK(sequence.rows_to_stop() == 2);
  sequence.advance(2);
  CHECK(sequence.rows_to_stop() == 1);  // of what is pending
}
