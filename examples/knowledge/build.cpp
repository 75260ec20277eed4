// `build`: a folder's files become the graph, or change it.
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/librarian/cards/ingest.hpp>
#include <asterism/librarian/cards/read_cards.hpp>
#include <asterism/librarian/cards/read_game.hpp>
#include <iostream>
#include <string>

#include "commands.hpp"
#include "library.hpp"
#include "output.hpp"

namespace example {

namespace {

namespace cards = librarian::cards;

cards::Game read(const Arguments& arguments) {
  if (!arguments.cards.empty()) {
    cards::Game game;
    game.cards = cards::read_cards(arguments.cards);
    return game;
  }
  return cards::read_game(arguments.folder);
}

void show(const cards::Ingested& done, const Arguments& arguments) {
  std::cout << "Read:";
  std::string line;
  for (std::size_t kind = 0; kind < CardGame::node_kinds; ++kind) {
    if (done.things[kind] > 0)
      line += concat(line.empty() ? " " : ", ", done.things[kind], " ",
                     name_of_node(static_cast<std::uint16_t>(kind)));
  }
  std::cout << line << "\n";
  std::size_t facts = 0;
  std::size_t links = 0;
  for (std::size_t kind = 0; kind < CardGame::edge_kinds; ++kind) {
    (CardGame::to_fact(static_cast<CardGame::EdgeKind>(kind)) ? facts : links) += done.stated[kind];
  }
  std::cout << "      " << facts << " facts, " << links << " links; texts tell " << done.links_in_texts
            << " links, " << done.links_in_texts_new << " of them new\n";
  if (done.reprints > 0) std::cout << "      " << done.reprints << " reprints, each one card with another\n";
  for (const auto& [field, count] : done.absent)
    std::cout << "      " << count << " cards without " << field << "\n";
  const auto row = [&](const char* what, std::size_t count) {
    std::cout << "  " << pad_right(what, 34) << pad_left(concat(count), 8) << "\n";
  };
  std::cout << "\nVersion " << done.version.value << " of " << arguments.store << ":\n";
  row("new things", done.new_things);
  row("changed things", done.changed_things);
  row("new facts", done.new_facts);
  row("facts that end others", done.superseding);
  row("facts that hold again", done.returned);
  row("new links", done.new_links);
  row("facts and links that end", done.ended);
  if (done.problems.empty()) return;
  std::cout << "\nLeft out, as it is not sound:\n";
  for (const cards::Problem& one : done.problems)
    show_line(concat("- ", name_of(one.flaw), ": ", one.where, ": ", one.what));
}

json::Value counts_of(const cards::Ingested& done) {
  json::Value problems = json::Value::array();
  for (const cards::Problem& one : done.problems) {
    problems.push_back({{"flaw", std::string(name_of(one.flaw))}, {"where", one.where}, {"what", one.what}});
  }
  return {{"version", done.version.value},
          {"new_things", done.new_things},
          {"changed_things", done.changed_things},
          {"new_facts", done.new_facts},
          {"superseding", done.superseding},
          {"returned", done.returned},
          {"new_links", done.new_links},
          {"ended", done.ended},
          {"reprints", done.reprints},
          {"links_in_texts", done.links_in_texts},
          {"links_in_texts_new", done.links_in_texts_new},
          {"problems", problems}};
}

}  // namespace

int build(const Arguments& arguments, const Interrupt& interrupt) {
  if (arguments.folder.empty() == arguments.cards.empty()) {
    throw OptionError("give the folder of a game's files, or --cards with a file of MTGJSON; see --help");
  }
  ProgressBar bar;
  ProgressSink silence;
  InterruptibleProgress progress(arguments.quiet ? silence : static_cast<ProgressSink&>(bar), interrupt);
  const cards::IngestOptions options{
      .at = instant_of(arguments.at, "--at", now()),
      .rigour = arguments.quarantine ? cards::Rigour::quarantine : cards::Rigour::strict,
      .texts = !arguments.no_texts,
      .progress = &progress};
  cards::Game game = read(arguments);
  Library library(arguments.store, Access::write, arguments.nodes, true);
  const cards::Ingested done = cards::ingest(library.graph(), library.encoder(), std::move(game), options);
  show(done, arguments);
  write_json(arguments.json, counts_of(done));
  return Status::done;
}

}  // namespace example
