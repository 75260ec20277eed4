"""Runs of `train`: it learns to copy, goes on after an interrupt with the same bits, refuses what can't be.

Usage: train_test.py PROGRAM MODELS FOLDER
MODELS holds small checkpoints, FOLDER is for what the test writes.
"""
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time

program, models, folder = sys.argv[1:]
demo = os.path.join(models, "demo")
folder = os.path.join(folder, "train_test")
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)


def path(name):
    return os.path.join(folder, name)


def copies(name, count, seed, first=20, last=60):
    """Strings of random tokens, each twice: the second time counts."""
    numbers = random.Random(seed)
    with open(path(name), "w") as file:
        for _ in range(count):
            ids = [numbers.randrange(first, last) for _ in range(numbers.randint(4, 8))]
            file.write(json.dumps({"ids": ids + ids, "counts": [0] * (len(ids) - 1) + [1] * len(ids) + [0]}) + "\n")
    return path(name)


def command(checkpoint, data, run, *options):
    return [program, checkpoint, data, "--run", path(run), "--threads", "1", "--warm-up", "4", *options]


def train(*arguments, status=0):
    """The output as one line: where a message breaks depends on the length of the paths in it."""
    done = subprocess.run(command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == status, (done.returncode, output)
    return output


def says(output, *parts):
    for part in parts:
        assert part in output, (part, output)


def log(run):
    with open(os.path.join(path(run), "log.jsonl")) as file:
        return [json.loads(line) for line in file]


def weights(run, step, name="model.safetensors"):
    with open(os.path.join(path(run), f"step-{step:08}", name), "rb") as file:
        return file.read()


data, held_out = copies("copies.jsonl", 1600, 1), copies("held_out.jsonl", 16, 2)
base = [demo, data, "whole", "--steps", "160", "--rate", "3e-3", "--held-out", held_out, "--measure-every", "40"]

# It learns, the output has the plan and the end, and each state is a checkpoint.
output = train(*base, "--report", path("page.html"), "--csv", path("log.csv"))
says(output, "weights", "gradients", "optimizer", "activations", "workspace", "total", "budget", "1600 examples",
     "steps 160 of 160", "tokens/s", "last loss", "right", "held-out loss", "after step 160", "router of layer 2",
     os.path.join(path("whole"), "step-00000160"))
lines = log("whole")
assert [line["step"] for line in lines] == list(range(1, 161)), lines
guessed = math.log(60 - 20)  # what is learnt sooner: which tokens there are
assert lines[0]["loss"] > 10 and lines[-1]["loss"] < guessed - 0.5, (lines[0], lines[-1])
measured = [line["held_out"] for line in lines if "held_out" in line]
assert len(measured) == 4 and measured[-1] < guessed - 0.5, measured
assert sorted(os.listdir(os.path.join(path("whole"), "step-00000160"))) == [
    "config.json", "generation_config.json", "model.safetensors", "optimizer.safetensors", "special_tokens_map.json",
    "tokenizer.json", "tokenizer_config.json", "training.json"]
with open(path("log.csv")) as file:
    rows = file.read().splitlines()
assert rows[0].startswith("step,tokens,seconds,loss") and len(rows) == 161, rows

# The same command has nothing left to do.
says(train(*base), "steps 160 of 160, from step 160 on")
assert log("whole") == lines

# An interrupted run says how it goes on, and ends with the bits of the one above.
broken = [demo, data, "broken", *base[3:], "--save-seconds", "0.05"]
process = subprocess.Popen(command(*broken), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True)
log_path = os.path.join(path("broken"), "log.jsonl")
while process.poll() is None and not (os.path.exists(log_path) and os.path.getsize(log_path) > 1000):
    time.sleep(0.005)
process.send_signal(signal.SIGINT)
output = " ".join(process.communicate(timeout=60)[0].split())
assert process.returncode == 130, (process.returncode, output)
says(output, "interrupted after step", "the same command goes on from there")
step = log("broken")[-1]["step"]
assert 0 < step < 160, step
says(output, f"steps {step} of 160", os.path.join(path("broken"), f"step-{step:08}"))
says(train(*broken), f"steps 160 of 160, from step {step} on")
assert weights("broken", 160) == weights("whole", 160)
assert len(log("broken")) == 160

# Another recipe is refused with what differs; one that was made from another checkpoint too.
output = train(*base, "--decay", "0.5", "--seed", "5", status=1)
says(output, "another recipe", "--run", "seed: 0 in the state, 5 now", "decay 0.01", "decay 0.5")
assert "clip" not in output, output
says(train(demo, data, "whole", *base[3:], "--new", status=1), "begins with: fingerprint", "random weights now")

# Random weights learn as well, and are the same for a seed.
for run in "new", "newer":
    train(demo, data, run, "--new", "--steps", "15", "--rate", "3e-3", "-q")
assert log("new")[-1]["loss"] < 0.8 * log("new")[0]["loss"], log("new")
assert weights("new", 15) == weights("newer", 15)

# Adapters: PEFT's files at the end and as states, which go on.
adapted = [demo, copies("few.jsonl", 64, 3), "adapted", "--adapters", "--steps", "30", "--rate", "5e-3"]
output = train(*adapted)
says(output, os.path.join(path("adapted"), "adapter"))
assert sorted(os.listdir(os.path.join(path("adapted"), "adapter"))) == ["adapter_config.json",
                                                                       "adapter_model.safetensors"]
with open(os.path.join(path("adapted"), "adapter", "adapter_config.json")) as file:
    config = json.load(file)
assert (config["r"], config["lora_alpha"], config["base_model_name_or_path"]) == (8, 16, demo), config
assert sorted(os.listdir(os.path.join(path("adapted"), "step-00000030"))) == [
    "adapter_config.json", "adapter_model.safetensors", "optimizer.safetensors", "training.json"]
assert log("adapted")[-1]["loss"] < 0.5 * log("adapted")[0]["loss"], log("adapted")
says(train(*adapted), "steps 30 of 30, from step 30 on")

# The page has the runs' names.
train(*base, "--report", path("page.html"), "--compare", path("new"), "--compare", path("adapted"))
with open(path("page.html")) as file:
    page = file.read()
for run in "whole", "new", "adapted":
    assert f"<td>{path(run)}</td>" in page, run
says(train(*base, "--report", path("page.html"), "--compare", path("nothing"), status=1), "log.jsonl")

# What diverges says at which step, and what to change.
output = train(demo, data, "diverged", "--steps", "40", "--rate", "100", "--decay", "100", status=1)
says(output, "error: step ", "NaN or infinity", "a lower --rate or --clip may help, in another --run")

# A curriculum comes in its order.
output = train(demo, data, "ordered", "--steps", "2", "--in-order")
says(train(demo, data, "ordered", "--steps", "2", status=1), "order: that of the file in the state, shuffled now")

# Bad rows are named by their lines, and left out where that is asked for.
with open(path("bad.jsonl"), "w") as file, open(data) as good:
    rows = good.read().splitlines()
    file.write("\n".join([rows[0], "{\"ids\": [1]}", rows[1], "{\"txt\": \"a\"}"]) + "\n")
output = train(demo, path("bad.jsonl"), "bad", "--steps", "1", status=1)
says(output, "bad.jsonl: 2 rows", "line 2:", "line 4:", "--skip-bad FILE leaves them out")
output = train(demo, path("bad.jsonl"), "bad", "--steps", "1", "--skip-bad", path("skipped.jsonl"))
says(output, "2 examples", "rows left out: 2")
with open(path("skipped.jsonl")) as file:
    assert file.read() == "{\"ids\": [1]}\n{\"txt\": \"a\"}\n"
with open(path("skipped.jsonl.reasons")) as file:
    assert [json.loads(line)["line"] for line in file] == [2, 4]

# Texts and questions; other architectures.
with open(path("text.jsonl"), "w") as file:
    file.write("{\"text\": \"The sea is old.\"}\n{\"prompt\": \"The sea is\", \"answer\": \"old.\"}\n")
says(train(demo, path("text.jsonl"), "text", "--steps", "2", "--before-answer", ": "), "2 examples")
output = train(demo, path("text.jsonl"), "chat", "--steps", "1", "--chat", status=0)
says(output, "2 examples")
says(train(os.path.join(models, "plain"), path("text.jsonl"), "text", status=1), "the checkpoint has no tokenizer.json")
tiny = copies("tiny.jsonl", 8, 3, 3, 90)
for model in "switch_plain", "llama_plain", "qwen3_moe_plain":
    output = train(os.path.join(models, model), tiny, model, "--steps", "2")
    assert ("router of layer" in output) == (model != "llama_plain"), output
shutil.rmtree(folder)
