"""Runs every command of the program and checks what they say and leave.

Usage: commands_test.py PROGRAM EXAMPLES
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

program, examples = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
wrong = []


def run(folder, status, pattern, *arguments):
    """The output, which has to match; no line has more than 80 columns, paths apart."""
    result = subprocess.run([program, *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True)
    output = result.stdout + result.stderr
    if result.returncode != status or not re.search(pattern, " ".join(output.split())):
        wrong.append(f"{arguments}: status {result.returncode}, expected {status} and /{pattern}/:\n{output}")
    for line in output.splitlines():
        if len(line) > 80 and "/" not in line:
            wrong.append(f"{arguments}: a line of {len(line)} columns: {line}")
    return output


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    cards = [fact for card in ("Pale Moth strength 3", "Opal Dancer strength 5") for fact in ("--fact", card)]
    alliance = "What is the alliance of Pale Moth and Opal Dancer worth?"
    run(folder, 0, r"^3 \+ 5 = 8 REASON #+ .* answered by REASON; 3 facts classify .* ms", "ask", alliance, "--greedy",
        "--gate", "best", "--fact", "Rule 140.1a allies add strength", *cards)
    run(folder, 0, r"^Opal Dancer by 2 .* answered by PREDICT; 3 facts", "ask",
        "Who wins the clash of Pale Moth and Opal Dancer?", "--greedy", "--gate", "best", "--fact",
        "Rule 150.1a in a clash higher strength wins", *cards)
    for combination in "product", "mixture":
        run(folder, 0, r"answered by REASON and \w+; 2 facts token bits apart cosine weights .* 0\.\d\d 0\.\d\d .* answer",
            "ask", alliance, "--gate", "top-2", "--combine", combination, "--steps", "--greedy", *cards)
    run(folder, 0, "^REASON #+ .*%", "classify", alliance)
    run(folder, 0, "new_words.jsonl, .* ms each kind, said REASON .* macro F1 (0.9[89]|1.000)", "classify",
        "--questions", examples / "data/questions/new_words.jsonl")

    # Feedback teaches, and is forgotten.
    said = run(folder, 0, "RETROSPECT", "classify", "Heave ho?")
    for count in range(1, 4):
        run(folder, 0, f"feedback.jsonl: {count} entries", "feedback", "Heave ho?", "RETROSPECT")
    taught = run(folder, 0, "RETROSPECT #", "classify", "Heave ho?")
    if taught == said:
        wrong.append("feedback has taught nothing")
    run(folder, 0, "feedback.jsonl: 0 entries", "rollback", "0")
    if run(folder, 0, "", "classify", "Heave ho?") != said:
        wrong.append("a rollback has left something")

    # A small classifier of one's own.
    for name, seed in ("some.jsonl", 1), ("other.jsonl", 2):
        subprocess.run([sys.executable, examples / "assistant/write_queries.py", folder / name, "--count", "60", "--seed",
                        str(seed)], check=True)
    run(folder, 0, "60 queries .* temperature", "fit", "some.jsonl", "--tune", "other.jsonl", "--to", "own/classifier")
    written = json.loads((folder / "own/classifier/classifier.json").read_text(encoding="utf-8"))
    if len(written["pool"]) != 3:
        wrong.append(f"a classifier is pooled with {written['pool']}")
    run(folder, 0, "^REASON #*", "classify", alliance, "--folder", "own")
    for text in '{"prompt": "Response: Query:", "kind": "TEACH"}', '{"query": "?", "label": "PRAISE"}', "{", "":
        (folder / "wrong.jsonl").write_text(text and text + "\n")
        run(folder, 1, "^error: wrong.jsonl", "classify", "--questions", "wrong.jsonl")

    # Pairs: a persona answers in its form, the base does not.
    subprocess.run([sys.executable, examples / "assistant/write_pairs.py", "PREDICT", folder / "PREDICT.jsonl", "--count",
                    "10", "--seed", "9", "--pool", "held_out"], check=True)
    run(folder, 0, r"PREDICT, 10 questions base 0.000 .* persona #+ (0.9|1.0)00 ", "arms", "PREDICT.jsonl")

    run(folder, 2, "required", "ask")
    run(folder, 2, "give a query, or --questions", "classify")
    run(folder, 2, "'PRAISE': there are REASON", "feedback", "?", "PRAISE")
    run(folder, 2, "without a word", "feedback", "", "TEACH")
    run(folder, 2, "back to 9 entries, there are 0", "rollback", "9")
    run(folder, 1, "nowhere", "ask", "?", "--store", "nowhere.db")
    run(folder, 1, "the query takes 606 tokens, there is room for 448: shorten it.* --max-tokens", "ask", "Pale Moth " * 300)

if wrong:
    sys.exit("\n".join(wrong))
print("every command does what it says")
