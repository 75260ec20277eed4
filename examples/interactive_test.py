"""A conversation: at a terminal Ctrl-C ends an answer or a line, not the conversation, and lines can be edited; in a
pipe there are the answers alone.

Usage: interactive_test.py PROGRAM [LIBEDIT]
"""
import os
import pty
import select
import subprocess
import sys
import time

PROGRAM, LIBEDIT = sys.argv[1], sys.argv[2:] == ["1"]
BLOCK = ("[KNOWLEDGE] Salt Dancer strength 4. Moss Heron strength 6. [/KNOWLEDGE]\n"
         "Query: How strong is Moss Heron?\nResponse:")


class Terminal:
    def __init__(self, *arguments):
        self.process, self.end = pty.fork()
        if self.process == 0:
            os.environ["TERM"] = "xterm"
            os.execv(PROGRAM, [PROGRAM, *arguments])
        self.text = ""

    def expect(self, wanted, seconds=20.0):
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, f"{wanted!r} did not come: {self.text!r}"
            if select.select([self.end], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.end, 4096)
                except OSError:
                    piece = b""
                assert piece, f"it ended before {wanted!r} came: {self.text!r}"
                self.text += piece.decode(errors="replace")
        at = self.text.index(wanted) + len(wanted)
        self.last, self.text = self.text[:at], self.text[at:]

    def type(self, text):
        os.write(self.end, text.encode())

    def status(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


# Ctrl-C while it answers: the answer ends, the conversation goes on.
terminal = Terminal("--interactive", "--report", "--max-tokens", "100000", "--context", "1024")
terminal.expect("> ")
terminal.type("\x03")  # nothing was typed
terminal.expect("Ctrl-D ends the conversation")
terminal.expect("> ")
terminal.type("half a line\x03")
terminal.expect("Ctrl-D ends the conversation")
terminal.expect("> ")
terminal.type('"""\n' + BLOCK + '"""\n')
terminal.expect("6")
terminal.expect("end of text")
terminal.expect("> ")
for _ in range(20):  # an answer that is over before the signal is no proof: again
    terminal.type("The river runs\n")
    terminal.expect("The river runs")
    time.sleep(0.05)
    terminal.type("\x03")
    terminal.expect("decode")
    before = terminal.last
    terminal.expect("> ")
    if "[cancelled;" in before:
        break
else:
    raise AssertionError("no answer was broken off")
if LIBEDIT:
    terminal.type("Salt Dancerrr\x7f\x7f\n")
    terminal.expect("decode")
    terminal.expect("> ")
    terminal.type("\x1b[A\n")  # what was typed before comes back
    terminal.expect("Salt Dancer")
    terminal.expect("decode")
    terminal.expect("> ")
terminal.type("\x04")
terminal.expect("high water")
assert terminal.status() == 0

# An error ends the turn.
terminal = Terminal("--interactive", "--context", "8")
terminal.expect("> ")
terminal.type("one two three four five six seven eight nine\n")
terminal.expect("error: ")
terminal.expect("--context")
terminal.expect("> ")
terminal.type("\x04")
terminal.expect("0 answers")
assert terminal.status() == 0

# A conversation that outgrows its context loses its oldest turns, and says so.
DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden", "models", "demo")
result = subprocess.run([PROGRAM, DEMO, "--chat", "--interactive", "--context", "96", "--max-tokens", "4"],
                        input=6 * "one two three four five\n", capture_output=True, text=True, errors="replace")
said = " ".join(result.stderr.split())
assert result.returncode == 0 and "6 answers" in said, result
assert "3 turns with 100 tokens left out; a larger --context keeps more" in said, result
refused = subprocess.run([PROGRAM, DEMO, "--chat", "--interactive", "--context", "96", "--max-tokens", "4",
                          "--truncation", "refuse"],
                         input=6 * "one two three four five\n", capture_output=True, text=True, errors="replace")
assert refused.returncode == 1 and "--context" in refused.stderr, refused

# In a pipe: no prompt, no echo.
result = subprocess.run([PROGRAM, "--interactive", "--quiet"], input='"""' + BLOCK + '\n"""\n', capture_output=True,
                        text=True)
assert (result.returncode, result.stdout, result.stderr) == (0, "6\n", ""), result
