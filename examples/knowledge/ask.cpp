// `learn` and `ask`: questions that were answered become experience, and a model answers from what is looked up.
#include <asterism/generate/load.hpp>
#include <asterism/generate/session.hpp>
#include <asterism/librarian/block.hpp>
#include <asterism/librarian/librarian.hpp>
#include <asterism/librarian/reference_desk.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "../support/shipped.hpp"
#include "asked.hpp"
#include "commands.hpp"
#include "exact.hpp"
#include "library.hpp"
#include "output.hpp"

namespace example {

int learn(const Arguments& arguments) {
  Library library(arguments.store, Access::write, arguments.nodes);
  librarian::Librarian librarian(library.graph(), library.encoder());
  for (const std::string& path : arguments.questions) {
    const auto answered = experience_of(library.graph().snapshot(), read_asked(path));
    const knowledge::Version version =
        librarian.remember(View<const librarian::Answered>(answered), instant_of(arguments.at, "--at", now()));
    std::size_t facts = 0;
    for (const librarian::Answered& one : answered) facts += one.served.size();
    show_line(concat(path, ": ", answered.size(), " questions, which ", facts, " facts served; version ",
                     version.value));
  }
  return Status::done;
}

int ask(const Arguments& arguments, const Interrupt& interrupt) {
  const Library library(arguments.store, Access::read, arguments.nodes);
  const knowledge::Time valid = instant_of(arguments.as_of, "--as-of", now());
  const Snapshot snapshot = snapshot_of(library.graph(), valid, arguments.known);
  const std::vector<librarian::Category> categories = librarian::one_category();
  const librarian::ReferenceDesk desk(snapshot, library.encoder(), categories);

  const std::string checkpoint =
      arguments.checkpoint.empty() ? shipped("small_mixtral/checkpoint") : arguments.checkpoint;
  const auto model = load<Exact>(checkpoint);
  const librarian::BlockWriter writer(model.tokenizer());
  const std::vector<TokenId> question = writer.encode_as_text(concat(" ", arguments.question));
  const auto role = [&](std::string_view text) {
    return model.tokenizer().encode(text, {.add_special_tokens = false});
  };
  const std::size_t rest = question.size() + role("\nQuery:").size() + role("\nResponse:").size() + 2;
  const librarian::Consulted found =
      desk.consult(arguments.question,
                   {.budget = {.seconds = 0.2, .tokens = Exact::limits.context - rest - answer_tokens},
                    .hits = 10,
                    .margin = 0.06},
                   &writer);

  // Roles and markers go in as ids, the question and the facts as text that can bring none.
  std::vector<TokenId> prompt = model.tokenizer().encode("");
  const auto append = [&](const std::vector<TokenId>& ids) {
    prompt.insert(prompt.end(), ids.begin(), ids.end());
  };
  append(found.block.tokens.empty() ? role(concat(open_marker, " ", close_marker)) : found.block.tokens);
  append(role("\nQuery:"));
  append(question);
  append(role("\nResponse:"));
  auto session = model.session();
  const std::vector<TokenId> answer = session.generate_tokens(
      View<const TokenId>(prompt), {.max_tokens = answer_tokens, .stop = {"\n"}, .cancel = interrupt.token()});
  const std::string text(
      lab::trimmed(model.tokenizer().decode(View<const TokenId>(answer), {.skip_special_tokens = true})));

  show_line(printable(text, 500));
  std::cout << "\n";
  json::Value facts = json::Value::array();
  for (const librarian::ConsultHit& hit : found.hits) {
    if (!hit.in_block) continue;
    show_line(concat("  ", hit.text, "; ", interval(hit.valid_from, hit.valid_to), "; ", one_line(hit.source)));
    facts.push_back({{"text", hit.text}, {"source", hit.source}, {"score", hit.score}});
  }
  if (found.block.facts == 0) std::cout << "  Nothing was found: the model answered without facts.\n";
  write_json(arguments.json, {{"answer", text}, {"version", found.version.value}, {"facts", facts}});
  return interrupt.happened() ? Status::interrupted : Status::done;
}

}  // namespace example
