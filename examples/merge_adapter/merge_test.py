"""Merges a persona of the repository into its base, and has the model answer as the persona does.

Usage: merge_test.py PROGRAM RUNNER EXAMPLES
"""
import pathlib
import subprocess
import sys
import tempfile

program, runner, examples = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
base, persona = examples / "small_mixtral/checkpoint", examples / "assistant/personas/REASON"
prompt = ("[KNOWLEDGE] Rule 140.1a allies add strength. Pale Moth strength 3. Opal Dancer strength 5. [/KNOWLEDGE]\n"
          "Query: What is the alliance of Pale Moth and Opal Dancer worth?\nResponse:")


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


with tempfile.TemporaryDirectory() as name:
    merged = pathlib.Path(name) / "reason"
    made = run(program, base, persona, merged, "--quiet")
    assert made.returncode == 0 and not made.stderr, made
    answers = run(runner, merged, "--prompt", prompt, "--max-tokens", "12")
    assert answers.returncode == 0 and "3 + 5 = 8" in answers.stdout, answers
    again = run(program, base, persona, merged)
    assert again.returncode == 1 and "exists already" in again.stderr, again
    other = run(program, examples.parent / "tests/golden/models/plain", persona, merged.parent / "other")
    assert other.returncode == 1 and "adapter_model.safetensors" in other.stderr, other
    assert not (merged.parent / "other").exists()
print("a merged persona is a model of its own")
