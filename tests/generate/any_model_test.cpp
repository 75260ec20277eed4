// A model behind a handle does what the typed one does, and a table of variants is asked by name.
#include "asterism/generate/any_model.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/variant.hpp"
#include "asterism/machine/machine.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::golden_model;

namespace {

constexpr Variant variants[] = {variant<Exact>("exact")};

template <class Pieces>
std::string joined(Pieces&& pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

}  // namespace

TEST_CASE("sessions, text and reports are those of the typed model") {
  const LoadOptions where{.machine = equal_devices(2, 64_MiB)};
  const auto typed = load<Exact>(golden_model("demo"), where);
  const AnyModel any = find_variant(variants, "exact").load(golden_model("demo"), where);
  CHECK(any.shape() == typed.shape());
  CHECK(any.limits() == typed.limits());
  CHECK(any.plan() == typed.plan());
  CHECK(any.end_tokens() == typed.end_tokens());
  CHECK(any.recommended().max_tokens == typed.recommended().max_tokens);
  CHECK(any.tokenizer().encode("lamp") == typed.tokenizer().encode("lamp"));
  CHECK_FALSE(any.memory_report().empty());

  const GenerateOptions options{.temperature = 0.8F, .max_tokens = 12};
  auto expected = typed.session({.seed = 5});
  AnySession session = any.session({.seed = 5});
  CHECK(joined(session.generate("The river", options)) == joined(expected.generate("The river", options)));
  CHECK(session.last().finish_reason == expected.last().finish_reason);
  CHECK(session.last().usage.completion_tokens == expected.last().usage.completion_tokens);
  const std::vector<text::Message> turn = {{"user", "Hello"}};
  CHECK(joined(session.chat(turn, options)) == joined(expected.chat(turn, options)));
  const std::vector<TokenId> tokens(session.tokens().begin(), session.tokens().end());
  CHECK(tokens == std::vector<TokenId>(expected.tokens().begin(), expected.tokens().end()));
  CHECK(session.generate_tokens(tokens, {.max_tokens = 4}) == expected.generate_tokens(tokens, {.max_tokens = 4}));
  CHECK(session.logits(tokens) == expected.logits(tokens));
  CHECK(session.log_probabilities(tokens, 2) == expected.log_probabilities(tokens, 2));
  session.clear();
  CHECK(session.tokens().empty());
  CHECK(any.chat_template().render(turn) == typed.chat_template().render(turn));
}

TEST_CASE("a stream may be moved before it is walked through") {
  const AnyModel any = find_variant(variants, "exact").load(golden_model("demo"), {});
  AnySession session = any.session();
  const std::string expected = joined(session.generate("The river", {.max_tokens = 6}));
  AnyTextStream stream = session.generate("The river", {.max_tokens = 6});
  AnyTextStream moved = std::move(stream);
  CHECK(joined(moved) == expected);
  CHECK_FALSE(expected.empty());
}

TEST_CASE("a table plans and prepares what it would load, and names what it has") {
  const Variant& exact = find_variant(variants, "exact");
  const LoadPlan prepared = exact.plan_load(golden_model("demo"), {});
  const Machine machine = equal_devices(2, 64_MiB);
  CHECK(exact.limits == Exact::limits);
  CHECK(exact.memory_footprint(prepared.config.shape, prepared.limits) ==
        model::memory_footprint<Exact>(prepared.config.shape, prepared.limits));
  CHECK(exact.plan(machine, prepared.config.shape, prepared.limits) ==
        plan<Exact>(machine, prepared.config.shape, prepared.limits));
  const placement::MemoryFootprint parts = exact.memory_footprint(prepared.config.shape, prepared.limits);
  CHECK(exact.plan(exact.smallest_equal_budgets(parts, 2, 0), prepared.config.shape, prepared.limits).fits());
  check_error<InvalidArgument>([] { find_variant(variants, "int3"); }, {"no variant 'int3'", "exact"});
}
