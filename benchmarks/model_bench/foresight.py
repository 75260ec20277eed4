"""What is foretold of several models beside what they then do: model_bench on each in turns, median and worst error.

Usage: foresight.py MODEL_BENCH [--rounds N] [--threads N,N] [--json FILE]

The error is that of the range's middle (the root of the product of its ends) against the measured median; inside: the
measured speed is in the range. Run it on a quiet machine: cores that others use are shown.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

# Shapes of which the layers fit 6 GiB in 16 bits; those with experts of several sizes, and one without.
SHAPES = {
    "m": ["--shape", "m", "--layers", "4"],
    "qwen3_30b": ["--shape", "qwen3_30b", "--layers", "2", "--vocabulary", "32000"],
    "qwen3_next": ["--shape", "qwen3_next", "--layers", "2", "--vocabulary", "32000"],
    "llama3_8b": ["--shape", "llama3_8b", "--layers", "4", "--vocabulary", "32000"],
    "mixtral": ["--shape", "mixtral_8x7b", "--layers", "2"],
}
FORMATS = ["nf4", "int4", "int8", "bfloat16"]


def busy():
    """Seconds that all cores were busy since the start."""
    ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / 100


def measure(program, shape, quantization, threads):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        begun, busy_before = time.monotonic(), busy()
        process = subprocess.Popen([program, *SHAPES[shape], "--quantization", quantization, "--head", "bfloat16",
                                    "--threads", str(threads), "--repetitions", "3", "--decode", "32", "--prefill",
                                    "512", "--quiet", "--json", file.name], stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        others = (busy() - busy_before - usage.ru_utime - usage.ru_stime) / (time.monotonic() - begun)
        result = json.loads(pathlib.Path(file.name).read_text())
    return result, others


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--json")
    arguments = parser.parse_args()
    cases = [(shape, quantization, int(threads)) for shape in arguments.shapes.split(",")
             for quantization in arguments.formats.split(",") for threads in arguments.threads.split(",")]
    rows = []
    for _ in range(arguments.rounds):
        for case in cases:
            result, others = measure(arguments.program, *case)
            for phase in ("prefill", "decode"):
                foretold = result["foretold"][phase]
                speeds = result[phase][0] if phase == "prefill" else result[phase]
                measured = speeds["tokens_per_second"]["median"]
                middle = (foretold["least"] * foretold["most"]) ** 0.5
                rows.append({"shape": case[0], "format": case[1], "threads": case[2], "phase": phase,
                             "least": foretold["least"], "most": foretold["most"], "measured": measured,
                             "error": middle / measured - 1, "others": others, "bound_by": foretold["bound_by"]})
                print("{shape:11}{format:9}{threads} {phase:8} foretold {least:8.2f} to {most:8.2f} measured {measured:8.2f} "
                      "error {error:+.2f} {bound_by:8} others {others:.2f}".format(**rows[-1]), flush=True)
    for phase in ("prefill", "decode"):
        errors = [abs(row["error"]) for row in rows if row["phase"] == phase]
        inside = [row["least"] <= row["measured"] <= row["most"] for row in rows if row["phase"] == phase]
        print(f"{phase}: {len(errors)} measurements, median error {statistics.median(errors):.2f}, worst {max(errors):.2f}, "
              f"inside the range {sum(inside)}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
