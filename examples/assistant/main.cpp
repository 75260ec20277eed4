// An assistant of one base model and five personas: tells the kind of a query, asks whom it concerns, and says why.
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
  command
      .add_option("--folder", arguments.folder, "Folder with classifier and personas; by default the repository's")
      ->option_text("FOLDER");
  command.footer(exit_statuses);
  return command;
}

void declare_model(CLI::App& command, Arguments& arguments) {
  command.add_option("--checkpoint", arguments.checkpoint, "The base model's folder; by default the repository's")
      ->option_text("FOLDER");
}

void declare_feedback(CLI::App& command, Arguments& arguments) {
  command.add_option("--feedback", arguments.feedback, "The journal of what was said about kinds")
      ->option_text("FILE [feedback.jsonl]");
}

int run(int argc, char** argv, const Interrupt& interrupt) {
  Arguments arguments;
  CLI::App app("Answers queries with the personas that their kind asks for.", "assistant");
  app.require_subcommand(0, 1);
  app.footer(exit_statuses);

  CLI::App& ask_it = declare(app, arguments, "ask", "Answer a query");
  ask_it.add_option("query", arguments.query, "In plain words")->required()->option_text("TEXT");
  ask_it.add_option("--fact", arguments.facts, "A fact for the answer; may be given several times")
      ->option_text("TEXT");
  ask_it
      .add_option("--store", arguments.store, "A graph's file, as knowledge build writes it, to look facts up in")
      ->option_text("FILE");
  ask_it.add_option("--gate", arguments.gate, "Who is asked: mass, threshold, top-2 or best")
      ->check(CLI::IsMember({"mass", "threshold", "top-2", "best"}))
      ->option_text("NAME [mass]");
  ask_it.add_option("--combine", arguments.combine, "How several answer together: product or mixture")
      ->check(CLI::IsMember({"product", "mixture"}))
      ->option_text("NAME [product]");
  ask_it.add_option("--max-tokens", arguments.max_tokens, "Tokens of an answer at most")
      ->check(CLI::Range(1, 256))
      ->option_text("N [64]");
  ask_it.add_option("--seed", arguments.seed, "Of what is drawn")->option_text("N [0]");
  ask_it.add_flag("--greedy", arguments.greedy, "Draw nothing: the most probable token each time");
  ask_it.add_flag("--steps", arguments.show_steps, "Show how each token was chosen where several answered");
  declare_model(ask_it, arguments);
  declare_feedback(ask_it, arguments);

  CLI::App& classify_it =
      declare(app, arguments, "classify", "Say of what kind a query is, or how often that is right");
  classify_it.add_option("query", arguments.query, "In plain words")->option_text("TEXT");
  classify_it.add_option("--questions", arguments.files, "Files of questions or queries (JSON Lines)")
      ->option_text("FILE ...");
  declare_model(classify_it, arguments);
  declare_feedback(classify_it, arguments);

  CLI::App& fit_it = declare(app, arguments, "fit", "Train a classifier");
  fit_it.add_option("queries", arguments.files, "Files of queries, as write_queries.py writes them")
      ->required()
      ->option_text("FILE ...");
  fit_it.add_option("--tune", arguments.tune, "Queries by which words, rules and hidden states are weighed")
      ->required()
      ->option_text("FILE");
  fit_it.add_option("--to", arguments.to, "Where the classifier goes")->required()->option_text("FOLDER");
  declare_model(fit_it, arguments);

  CLI::App& feedback_it =
      declare(app, arguments, "feedback", "Say of what kind a query is: the classifier learns it");
  feedback_it.add_option("query", arguments.query, "In plain words")->required()->option_text("TEXT");
  feedback_it.add_option("kind", arguments.kind, "Such as REASON")->required()->option_text("KIND");
  declare_feedback(feedback_it, arguments);

  CLI::App& rollback_it = declare(app, arguments, "rollback", "Forget all feedback but the first entries");
  rollback_it.add_option("count", arguments.count, "How many stay")->required()->option_text("N");
  declare_feedback(rollback_it, arguments);

  CLI::App& arms_it =
      declare(app, arguments, "arms", "Let base, personas and combinations answer the same questions");
  arms_it.add_option("pairs", arguments.files, "Files KIND.*.jsonl as write_pairs.py writes them")
      ->required()
      ->option_text("FILE ...");
  arms_it.add_option("--limit", arguments.limit, "Ask the first N questions of each file")->option_text("N");
  declare_model(arms_it, arguments);
  declare_feedback(arms_it, arguments);

  if (const auto status = parse(app, argc, argv)) return *status;
  if (ask_it.parsed()) return ask(arguments, interrupt);
  if (classify_it.parsed()) {
    if (arguments.query.empty() && arguments.files.empty()) {
      throw OptionError("give a query, or --questions FILE; see --help");
    }
    return classify(arguments);
  }
  if (fit_it.parsed()) return fit(arguments);
  if (feedback_it.parsed()) return feedback(arguments);
  if (rollback_it.parsed()) return rollback(arguments);
  if (arms_it.parsed()) return arms(arguments, interrupt);
  throw OptionError("give a command, such as ask; see --help");
}

}  // namespace

}  // namespace example

int main(int argc, char** argv) {
  return example::run_program(
      [&](const example::Interrupt& interrupt) { return example::run(argc, argv, interrupt); });
}
