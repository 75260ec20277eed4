// What is known, in a file: builds the graph of a card game, asks it, and looks at what changed.
#include <asterism/core/format.hpp>
#include <string>

#include <CLI/CLI.hpp>

#include "../support/command_line.hpp"
#include "../support/interrupt.hpp"
#include "commands.hpp"

namespace example {

namespace {

using asterism::concat;

CLI::App& declare(CLI::App& app, Arguments& arguments, const char* name, const char* what) {
  CLI::App& command = *app.add_subcommand(name, what);
  command.add_option("--store", arguments.store, "The graph's file")->option_text("FILE [knowledge.db]");
  command.add_option("--nodes", arguments.nodes, "Nodes that there is room for in memory, 4 KB each")
      ->check(CLI::Range(1'000, 10'000'000))
      ->option_text("N [50000]");
  command.footer(exit_statuses);
  return command;
}
void declare_json(CLI::App& command, Arguments& arguments) {
  command.add_option("--json", arguments.json, "Write the same to this file too")->option_text("FILE");
}
void declare_at(CLI::App& command, Arguments& arguments, const char* what) {
  command.add_option("--at", arguments.at, what)->option_text("INSTANT [now]");
}
void declare_instants(CLI::App& command, Arguments& arguments) {
  command.add_option("--as-of", arguments.as_of, "What held at this instant, such as 2026-03-01")
      ->option_text("INSTANT [now]");
  declare_json(command, arguments);
}
void declare_known(CLI::App& command, Arguments& arguments) {
  command.add_option("--known", arguments.known, "As it was known in this version; see history")
      ->check(CLI::PositiveNumber)
      ->option_text("VERSION");
}

struct Commands {
  Commands(CLI::App& app, Arguments& arguments)
      : build(declare(app, arguments, "build", "Read a game's files into the graph, or what changed in them")),
        inspect(declare(app, arguments, "inspect", "What the graph holds, or holds of a thing")),
        query(declare(app, arguments, "query", "Facts for a question, and why each is there")),
        learn(declare(app, arguments, "learn", "File answered questions as experience")),
        file(declare(app, arguments, "file", "File reports: what experts, people or logs say")),
        reencode(declare(app, arguments, "reencode", "Fit the encoder to all texts, and encode them again")),
        ask(declare(app, arguments, "ask", "Let a model answer from what the graph knows")),
        arms(*app.add_subcommand("arms", "What the graph does to a model's answers, as an experiment")),
        history(declare(app, arguments, "history", "Its versions, or what was and is said of a thing")),
        diff(declare(app, arguments, "diff", "What differs between two versions")),
        rollback(declare(app, arguments, "rollback", "Make a version hold what an earlier one held")),
        forget(declare(app, arguments, "forget", "Take a source's word back")),
        verify(declare(app, arguments, "verify", "Whether every row is as it was written")),
        compact(declare(app, arguments, "compact", "Give the space of what is gone back")),
        export_to(declare(app, arguments, "export", "Write the last version as JSON, GraphML, DOT or a page")),
        import_from(declare(app, arguments, "import", "Make a graph of a JSON file that export wrote")) {
    build.add_option("folder", arguments.folder, "Folder with cards.json, rules.json and others")
        ->option_text("FOLDER");
    build.add_option("--cards", arguments.cards, "Read the cards of this file of MTGJSON instead")
        ->option_text("FILE");
    declare_at(build, arguments, "From when on changes hold");
    build.add_flag("--quarantine", arguments.quarantine,
                   "Leave out what is wrong and list it, instead of stopping");
    build.add_flag("--no-texts", arguments.no_texts, "Look for no links in texts");
    build.add_flag("-q,--quiet", arguments.quiet, "No progress");
    declare_json(build, arguments);
    for (CLI::App* one : {&inspect, &history}) {
      one->add_option("name", arguments.name, "A name or an id, such as \"Pale Moth\" or card:SLT-001")
          ->option_text("NAME");
      declare_known(*one, arguments);
    }
    declare_instants(inspect, arguments);
    declare_json(history, arguments);
    query.add_option("question", arguments.question, "In plain words")->required()->option_text("TEXT");
    query.add_option("--hits", arguments.hits, "Facts to show, at most")
        ->check(CLI::Range(1, 1000))
        ->option_text("N [10]");
    declare_known(query, arguments);
    declare_instants(query, arguments);
    learn
        .add_option("questions", arguments.questions,
                    "Files of questions (JSON Lines), with the blocks that served")
        ->required()
        ->option_text("FILE ...");
    file.add_option(
            "reports", arguments.reports,
            "Lines of JSON: text, and where wanted about, relation, source, expert, confidence, valid_from")
        ->required()
        ->option_text("FILE");
    for (CLI::App* one : {&learn, &file, &reencode}) {
      declare_at(*one, arguments, "When this is done, for history");
    }
    declare_json(file, arguments);
    declare_json(reencode, arguments);
    ask.add_option("question", arguments.question, "In plain words")->required()->option_text("TEXT");
    declare_instants(ask, arguments);
    declare_known(ask, arguments);
    for (CLI::App* one : {&ask, &arms}) {
      one->add_option("--checkpoint", arguments.checkpoint, "The model's folder; by default the repository's")
          ->option_text("FOLDER");
    }
    arms.add_option("folder", arguments.folder, "Folder with cards.json, rules.json, questions and others")
        ->option_text("FOLDER");
    arms.add_option("--questions", arguments.questions, "Files of questions; by default those of the folder")
        ->option_text("FILE ...");
    arms.add_option("--encoder", arguments.encoder,
                    "fitted to what there is, plain, model (its own states), or the folder of a BERT")
        ->option_text("NAME [fitted]");
    arms.add_option("--limit", arguments.limit, "Ask the first N questions of each file")->option_text("N");
    arms.add_option("--walk", arguments.walk,
                    "How the graph is walked: pagerank, or as experience teaches (learnt)")
        ->check(CLI::IsMember({"pagerank", "learnt"}))
        ->option_text("NAME [pagerank]");
    arms.add_flag("--hooks", arguments.hooks,
                  "Let the training questions' answers speak beside the prompt, too: as tokens and as routes");
    arms.add_flag("--quiet", arguments.quiet, "No progress");
    declare_json(arms, arguments);
    arms.footer(exit_statuses);
    diff.add_option("before", arguments.version, "A version that is kept; see history")
        ->required()
        ->option_text("VERSION");
    diff.add_option("after", arguments.other, "Another one; by default the last")->option_text("VERSION");
    declare_json(diff, arguments);
    rollback.add_option("version", arguments.version, "A version that is kept; see history")
        ->required()
        ->option_text("VERSION");
    forget.add_option("source", arguments.source, "A file's or a game's name, as inspect shows it")
        ->required()
        ->option_text("SOURCE");
    for (CLI::App* one : {&rollback, &forget}) {
      declare_at(*one, arguments, "When this is done, for history");
      declare_json(*one, arguments);
    }
    declare_json(verify, arguments);
    declare_json(compact, arguments);
    export_to.add_option("to", arguments.to, "The file to write")->required()->option_text("FILE");
    export_to
        .add_option("--format", arguments.format, "json, graphml, dot or html; by default as the file's name ends")
        ->check(CLI::IsMember({"json", "graphml", "dot", "html"}))
        ->option_text("NAME");
    import_from.add_option("from", arguments.to, "The file to read")->required()->option_text("FILE");
    declare_at(import_from, arguments, "When this is done, for history");
  }

  CLI::App& build;
  CLI::App& inspect;
  CLI::App& query;
  CLI::App& learn;
  CLI::App& file;
  CLI::App& reencode;
  CLI::App& ask;
  CLI::App& arms;
  CLI::App& history;
  CLI::App& diff;
  CLI::App& rollback;
  CLI::App& forget;
  CLI::App& verify;
  CLI::App& compact;
  CLI::App& export_to;
  CLI::App& import_from;
};

}  // namespace

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program([&](const example::Interrupt& interrupt) {
    example::Arguments arguments;
    CLI::App app(
        "What is known, in a file: reads a card game's files into a graph of things and facts that hold for a "
        "time, "
        "answers with facts and why each is there, and shows what changed. Every change is a version; the last "
        "five "
        "are kept.",
        "knowledge");
    app.require_subcommand(0, 1);
    app.footer(
        asterism::concat("Examples:\n"
                         "  knowledge build examples/data --store salt.db\n"
                         "  knowledge query \"How strong is Pale Moth?\" --store salt.db\n"
                         "  knowledge inspect \"Rule 140.1a\" --store salt.db\n"
                         "  knowledge history \"Pale Moth\" --store salt.db\n"
                         "  knowledge export salt.graphml --store salt.db\n\n",
                         example::exit_statuses));
    const example::Commands commands(app, arguments);
    if (const auto status = example::parse(app, argc, argv)) return *status;
    if (commands.build.parsed()) return example::build(arguments, interrupt);
    if (commands.inspect.parsed()) return example::inspect(arguments);
    if (commands.query.parsed()) return example::query(arguments);
    if (commands.learn.parsed()) return example::learn(arguments);
    if (commands.file.parsed()) return example::file_reports(arguments);
    if (commands.reencode.parsed()) return example::reencode(arguments);
    if (commands.ask.parsed()) return example::ask(arguments, interrupt);
    if (commands.arms.parsed()) return example::arms(arguments, interrupt);
    if (commands.history.parsed()) return example::history(arguments);
    if (commands.diff.parsed()) return example::diff(arguments);
    if (commands.rollback.parsed()) return example::rollback(arguments);
    if (commands.forget.parsed()) return example::forget(arguments);
    if (commands.verify.parsed()) return example::verify(arguments);
    if (commands.compact.parsed()) return example::compact(arguments);
    if (commands.export_to.parsed()) return example::export_to(arguments, interrupt);
    if (commands.import_from.parsed()) return example::import_from(arguments, interrupt);
    throw example::OptionError(
        "a command is missing: build, learn, file, reencode, inspect, query, ask, arms, history, diff, rollback, "
        "forget, verify, compact, export or import; see --help");
  });
}
