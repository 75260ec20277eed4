"""Runs every command of the program on a store of its own, one after the other, and checks what they say and leave.

Usage: commands_test.py PROGRAM DATA
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

program, data = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
wrong = []


def run(folder, status, pattern, *arguments):
    """The output, which has to match; no line has more than 80 columns, paths apart."""
    result = subprocess.run([program, *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True)
    output = result.stdout + result.stderr
    one_line = " ".join(output.split())
    if result.returncode != status or not re.search(pattern, one_line):
        wrong.append(f"{arguments}: status {result.returncode}, expected {status} and /{pattern}/:\n{output}")
    for line in output.splitlines():
        if len(line) > 80 and " " in line.strip():
            wrong.append(f"{arguments}: a line of {len(line)} columns: {line}")
    return output


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)

    def salt(status, pattern, command, *arguments):
        return run(folder, status, pattern, command, *arguments, "--store", "salt.db")

    def as_json(*arguments, status=0):
        salt(status, "", *arguments, "--json", "written.json")
        return json.loads((folder / "written.json").read_text(encoding="utf-8"))

    salt(1, "error: salt.db: no such file; knowledge build FOLDER --store salt.db makes one", "inspect")
    salt(2, "error: give the folder of a game's files, or --cards", "build")
    salt(1, "has neither cards.json nor rules.json", "build", folder)
    salt(0, "600 card, 128 rule, 104 term.*3888 facts, 2259 links.*Version 1 of salt.db: new things 871 .* new facts 3840"
            " facts that end others 48 .* new links 2285", "build", data, "--at", "2026-06-01")
    salt(0, "Version 1 of salt.db: new things 0 changed things 0 new facts 0 facts that end others 0", "build", data)
    salt(0, "version 1, 4759 nodes, 6173 edges.*card 600 is_a 600.*1 0 10932 2026-06-01 ingested cards.json", "inspect")

    # Pale Moth's strength is 9, and 6 from 2026-09-25 on.
    salt(0, "strength: Pale Moth strength 9; until 2026-09-25; cards.json strength: Pale Moth strength 6; from "
            "2026-09-25; errata.json", "history", "pale moth")
    for day, strength in (("2026-09-24", 9), ("2026-09-25", 6)):
        salt(0, rf"strength: Pale Moth strength {strength};", "inspect", "Pale Moth", "--as-of", day)
        found = as_json("query", "How strong is Pale Moth?", "--as-of", day, "--hits", "6")
        texts = [hit["text"] for hit in found["hits"]]
        if f"Pale Moth strength {strength}" not in texts or f"Pale Moth strength {15 - strength}" in texts:
            wrong.append(f"as of {day}: {texts}")
        if not any("Pale Moth strength this" in hit["way"] for hit in found["hits"]):
            wrong.append(f"no way to a fact: {found}")
    salt(0, "names rule 140.1a;.*1. Rule 140.1a allies add strength 0.*= rank .*graph 1", "query", "rule 140.1a")
    salt(2, "nothing is called 'Salt Fish'", "inspect", "Salt Fish")
    salt(2, "--as-of: 'soon' is no instant", "query", "x", "--as-of", "soon")

    # A changed game: refused whole, or what is wrong left out.
    changed = folder / "changed"
    shutil.copytree(data, changed)
    cards = json.loads((changed / "cards.json").read_text(encoding="utf-8"))
    cards["data"]["SLT"]["cards"][0]["power"] = "1"
    (changed / "cards.json").write_text(json.dumps(cards), encoding="utf-8")
    rules = json.loads((changed / "rules.json").read_text(encoding="utf-8"))
    (changed / "rules.json").write_text(json.dumps([one for one in rules if one["number"] != "100.1c"]), encoding="utf-8")
    salt(1, "not sound, 1 problems: dangling: .*relations.json, row 1811: the first id is 'rule:100.1c'", "build", changed)
    salt(0, "facts that end others 1 .* end 3 Left out, as it is not sound: - dangling", "build", changed, "--quarantine",
         "--at", "2026-08-01")
    salt(0, r"\+ fact Northern Seer strength 1; cards.json 1 nodes more, 0 fewer, 0 changed", "diff", 1)
    salt(0, "0 nodes more, 0 fewer, 0 changed 0 edges more", "diff", 2, 2)
    salt(0, "Northern Seer strength 7; always", "history", "Northern Seer", "--known", 1)
    salt(0, "Northern Seer strength 7; until 2026-08-01.*strength 1; from 2026-08-01", "history", "Northern Seer")
    salt(2, "version 77 is not kept", "rollback", 77)
    salt(0, "Version 3 holds what version 1 held", "rollback", 1)
    salt(0, "0 nodes more, 0 fewer, 0 changed 0 edges more, 0 fewer, 0 changed", "diff", 1, 3)

    # What is written reads back, byte for byte; and other formats are what they are.
    salt(0, "4759 nodes and 6173 edges as json", "export", "one.json")
    run(folder, 0, "two.db: 4759 nodes and 6173 edges", "import", "one.json", "--store", "two.db")
    run(folder, 1, "two.db exists already", "import", "one.json", "--store", "two.db")
    run(folder, 0, "as json", "export", "two.json", "--store", "two.db")
    if (folder / "one.json").read_bytes() != (folder / "two.json").read_bytes():
        wrong.append("an imported graph is another one")
    run(folder, 1, "no file that", "import", data / "cards.json", "--store", "three.db")
    salt(0, "as graphml", "export", "it.graphml")
    space = "{http://graphml.graphdrawing.org/xmlns}"
    graph = xml.etree.ElementTree.parse(folder / "it.graphml").getroot().find(f"{space}graph")
    counts = [len(graph.findall(f"{space}{kind}")) for kind in ("node", "edge")]
    if counts != [4759, 6173]:
        wrong.append(f"GraphML has {counts}")
    salt(0, "as dot", "export", "it.txt", "--format", "dot")
    lines = (folder / "it.txt").read_text(encoding="utf-8").splitlines()
    if sum(" -> " in line for line in lines) != 6173 or lines[0] != "digraph knowledge {" or lines[-1] != "}":
        wrong.append("DOT has other edges")
    salt(0, "as html", "export", "it.html")
    page = (folder / "it.html").read_text(encoding="utf-8")
    targets, links = set(re.findall(r'id="(n[0-9]+)"', page)), set(re.findall(r'href="#(n[0-9]+)"', page))
    if len(targets) != 400 or page.count("<circle") != 400 or links - targets or "http" in page or "<script" in page:
        wrong.append(f"the page has {len(targets)} things; links lead nowhere: {links - targets}")
    if "strength: " not in page or ">3</td><td>4759</td>" not in page:
        wrong.append("the page has no facts, or does not tell how the graph grew")
    salt(2, "ends with none of .json", "export", "it.txt")

    # Reports, and an encoder fitted to what is there, which goes along.
    reports = folder / "reports.jsonl"
    reports.write_text("\n".join(json.dumps(one) for one in (
        {"text": "Pale Moth strength 3", "about": "Pale Moth", "relation": "strength", "source": "errata",
         "valid_from": "2027-01-01"},
        {"text": "Pale Moth strength 3", "about": "Pale Moth", "relation": "strength", "source": "errata",
         "valid_from": "2027-01-01"},
        {"text": "sailors fear the Pale Moth", "expert": "sailor", "confidence": 0.5})), encoding="utf-8")
    shutil.copy(folder / "two.db", folder / "reported.db")
    reported = ("--store", "reported.db")
    run(folder, 0, "superseding Pale Moth strength 3.*duplicate Pale Moth strength 3.*inserted sailors fear.*"
                   "Version 2: 3 reports", "file", reports, *reported)
    reports.write_text('{"text": "x", "about": "Salt Fish", "relation": "strength"}')
    run(folder, 1, "reports.jsonl, line 1, about: nothing is called 'Salt Fish'", "file", reports, *reported)
    reports.write_text('{"text": "x", "about": "Pale Moth", "relation": "weight"}')
    run(folder, 1, "there is no relation 'weight'; there are cost, strength", "file", reports, *reported)
    reports.write_text('{"text": "x", "colour": "red"}')
    run(folder, 1, "colour: no such field", "file", reports, *reported)
    run(folder, 0, "Version 3: the encoder is fitted to 4761 texts; rare ones of their [0-9]+ features", "reencode", *reported)
    run(folder, 0, "1. sailors fear the Pale Moth", "query", "Who is afraid? sailors fear whom?", *reported)
    run(folder, 0, "as json", "export", "three.json", *reported)
    run(folder, 0, "three.db: 4761 nodes", "import", "three.json", "--store", "three.db")
    run(folder, 0, "as json", "export", "four.json", "--store", "three.db")
    if (folder / "three.json").read_bytes() != (folder / "four.json").read_bytes():
        wrong.append("an imported graph with an encoder of its own is another one")

    # An experiment, its memories beside the prompt included.
    shutil.copy(data / "questions" / "held_out_cards.jsonl", folder / "asked.jsonl")
    run(folder, 0, "asked.jsonl, 2 questions.*knn alone +[0-9.]+.*routes alone +[0-9.]+.*knn - retrieved.*routes alone - "
                   "none.*lambda 0.25.*What was looked up", "arms", data, "--questions", "asked.jsonl", "--limit", "2",
        "--hooks", "--quiet")

    salt(0, "'nobody' has said nothing: version 3 stands", "forget", "nobody")
    salt(0, "Version 4: 208 nodes and edges", "forget", "relations.json")
    salt(0, "3 1 0 .*back to version 1 4 3 .*forgot relations.json", "history")
    salt(0, "salt.db: .*iB before, .*iB now", "compact")
    salt(0, "every row is as it was written", "verify")
    stored = folder / "salt.db"
    content = bytearray(stored.read_bytes())
    at = content.find(b"Rule 140.1a allies add strength")
    content[at + 12] ^= 1
    stored.write_bytes(content)
    salt(1, "table node, row [0-9]+.*table version, row 1.*2 rows are damaged", "verify")
    salt(1, "error: .*table node", "inspect")

sys.exit("\n".join(wrong) or 0)
