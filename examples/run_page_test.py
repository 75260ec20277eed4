"""The page of --report-html has what the run reported: memory, choices of experts, tokens, and slots of experts.

Usage: run_page_test.py PROGRAM FILE OPTIONS...
"""
import html
import os
import re
import subprocess
import sys

program, path, options = sys.argv[1], sys.argv[2], sys.argv[3:]
if os.path.exists(path):
    os.remove(path)
run = subprocess.run([program, "--report", "--report-html", path, *options], capture_output=True, text=True,
                     stdin=subprocess.DEVNULL)
assert run.returncode == 0, run
report = " ".join(run.stdout.split())
with open(path) as file:
    page = file.read()
text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())

assert page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n")
assert not re.search(r"<script|<link|src=|https?:|url\(", page), "a script or a resource"
devices = re.findall(r"device (\d): planned (\S+ \S+), high water (\S+ \S+) \(.*?\), in use now (\S+ \S+)", report)
assert devices, report
for device, planned, high, used in devices:
    part = page.split(f"<h2>Device {device}", 1)[1].split("</section>")[0]
    for label, value in (("planned", planned), ("high water", high), ("at the end", used)):
        found = re.search(rf'>{label}</text>.*?class="value"[^>]*>([^<]*)<', part, re.S).group(1)
        assert found.split(",")[0] == value, (label, value, found)
answers = [tuple(map(int, one)) for one in
           re.findall(r"(\d+) prompt tokens? \((\d+) reused\), (\d+) answer tokens?", report)]
assert answers, report
# Two experts in each layer for each token that was computed; the last of an answer was not.
computed = sum(prompt - reused + made - 1 for prompt, reused, made in answers)
rows = re.findall(r"<tr><td>(\d+)</td><td>(\d+)</td>", page)
assert [int(layer) for layer, _ in rows] == list(range(len(rows))) and len(rows) == 4, rows
assert all(int(choices) == 2 * computed for _, choices in rows), (rows, computed)
tokens = [int(count) for count in re.findall(r'class="value"[^>]*>[0-9.]+ \((\d+)\)<', page)]
assert tokens == [prompt - reused for prompt, reused, _ in answers] + [made - 1 for _, _, made in answers], tokens
in_turns = re.search(r"experts in turns: \d+ uses, [0-9.]+ % in a slot", report)
assert ("Cache of experts" in text) == (in_turns is not None)
assert in_turns is None or in_turns.group(0) in text, text
