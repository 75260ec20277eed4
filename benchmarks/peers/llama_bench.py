#!/usr/bin/env python3
"""Measures Asterism and programs of the llama.cpp family in turn, on a model of the same shape and bit width.

One round runs model_bench and then every llama-bench, one after the other, each in a process of its own; a machine that
grows slower or faster from minute to minute moves all of them, and ratios are taken within a round. What is measured:
prefill, a prompt that passes through the model together, and decode, tokens one by one from an empty context.
"""
import argparse
import json
import os
import pathlib
import shlex
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

EPILOG = """\
The GGUF file (make_gguf.py writes one with random weights) says what the shape is: model_bench is called with its sizes, and
builds random weights of its own. Both sides choose experts by a router on random tokens. Bytes a token are those of
attention, norms, router, the chosen experts and the head, scales included; from the tensors of the file, and from model_bench.

A peer is NAME=PATH, and after a colon what else its llama-bench is given; options that it has are in its --help. A name may
be measured several times under other names with other options.

examples:
  make_gguf.py m_q4_0.gguf
  llama_bench.py --model m_q4_0.gguf --model-bench build/release/benchmarks/model_bench --threads 2 \\
      --llama-bench llama.cpp=/opt/llama.cpp/llama-bench --llama-bench "ik=/opt/ik/llama-bench:-rtr 1 -fmoe 1"
  llama_bench.py ... --quantization int4 --quantization nf4 --runs 3 --json out.json

Reading the table: tokens a second, median and spread (least .. most) over the rounds; `GB/s` are the weights that decode reads
in a second. A ratio is the median over the rounds of Asterism's speed divided by the peer's in the same round, above 1 where
Asterism is faster; `decode, bytes` divides the GB/s, since bit widths differ a little (Q4_0 and int4 have 4.5 bits a weight,
nf4 4.127).

Run it on a quiet machine: while a program runs it is measured how many cores others use, and what was not quiet is named below
the table. After Ctrl-C the rounds that are complete are shown.
"""

BUSY_CORES = 0.1  # that others may use


class Failure(Exception):
    """What the user has to know; ends the program."""


# -- the model file --------------------------------------------------------------------------------

GGUF_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
GGUF_STRING, GGUF_ARRAY = 8, 9


class GgufHeader:
    """Metadata and tensor sizes of a GGUF file, version 2 or 3. Arrays are passed over."""

    def __init__(self, path):
        try:
            with open(path, "rb") as file:
                self.read(file, path)
            self.measure(path.stat().st_size)
        except OSError as error:
            raise Failure(f"the model can't be read: {error}") from error
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise Failure(f"{path}: broken in its header ({error}); write it anew") from error

    def read(self, file, path):
        magic, version, tensors, pairs = struct.unpack("<4sIQQ", file.read(24))
        if magic != b"GGUF" or version not in (2, 3):
            raise Failure(f"{path}: expected a GGUF file of version 2 or 3, found {magic!r}, version {version}")
        self.values = {}
        for _ in range(pairs):
            key, kind = self.text(file), self.number(file, "<I")
            self.values[key] = self.value(file, kind)
        self.offsets = {}
        for _ in range(tensors):
            name = self.text(file)
            for _ in range(self.number(file, "<I")):
                self.number(file, "<Q")
            self.number(file, "<I")
            self.offsets[name] = self.number(file, "<Q")
        alignment = self.values.get("general.alignment", 32)
        self.begin = (file.tell() + alignment - 1) // alignment * alignment

    @staticmethod
    def number(file, code):
        return struct.unpack(code, file.read(struct.calcsize(code)))[0]

    def text(self, file):
        return file.read(self.number(file, "<Q")).decode()

    def value(self, file, kind):
        if kind == GGUF_STRING:
            return self.text(file)
        if kind != GGUF_ARRAY:
            return self.number(file, GGUF_SCALARS[kind])
        element, count = self.number(file, "<I"), self.number(file, "<Q")
        if element in GGUF_SCALARS:
            file.seek(struct.calcsize(GGUF_SCALARS[element]) * count, os.SEEK_CUR)
            return count
        for _ in range(count):
            self.value(file, element)
        return count

    def measure(self, file_bytes):
        """Sizes, from where the next tensor begins; up to 31 bytes of padding are counted."""
        order = sorted(self.offsets, key=self.offsets.get)
        ends = [self.offsets[name] for name in order[1:]] + [file_bytes - self.begin]
        self.bytes = {name: end - self.offsets[name] for name, end in zip(order, ends)}

    def shape(self):
        """model_bench's options, and their values."""
        arch = self.values.get("general.architecture")
        if arch != "llama" or not self.values.get("llama.expert_count"):
            raise Failure(f"the model's architecture is {arch!r} with {self.values.get(f'{arch}.expert_count', 0)} experts; "
                          "expected Mixtral's: 'llama' with experts")
        found = {key.removeprefix("llama."): value for key, value in self.values.items() if key.startswith("llama.")}
        heads = found["attention.head_count"]
        return {
            "hidden": found["embedding_length"], "ffn": found["feed_forward_length"], "layers": found["block_count"],
            "heads": heads, "kv-heads": found.get("attention.head_count_kv", heads),
            "head-dim": found.get("attention.key_length", found["embedding_length"] // heads),
            "vocabulary": found.get("vocab_size", self.values.get("tokenizer.ggml.tokens")),
            "experts": found["expert_count"], "top-k": found["expert_used_count"],
        }

    def bytes_per_token(self):
        """What one decoded token reads; the embedding's one row is left out, but where it is the head too."""
        share = self.values["llama.expert_used_count"] / self.values["llama.expert_count"]
        sums = 0
        for name, size in self.bytes.items():
            if name != "token_embd.weight" or "output.weight" not in self.bytes:
                sums += size * (share if "_exps." in name else 1)
        return sums


# -- the contenders --------------------------------------------------------------------------------


def run(command):
    """Standard output and exit status; a child that an interrupt finds running is ended."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace") as child:
        try:
            out, errors = child.communicate()
        except BaseException:
            child.kill()
            raise
    return out, errors, child.returncode


def failed(command, errors, status):
    last = "\n  ".join(errors.strip().splitlines()[-8:])
    return Failure(f"exit status {status} of: {shlex.join(command)}\n  {last or 'it said nothing'}")


class Peer:
    def __init__(self, text, arguments, header):
        name, found, rest = text.partition("=")
        path, _, extra = rest.partition(":")
        if not found or not name or not path:
            raise Failure(f"--llama-bench {text!r}: expected NAME=PATH or NAME=PATH:OPTIONS")
        self.name = name
        self.bytes_per_token = header.bytes_per_token()
        self.prompt, self.decode = arguments.prompt, arguments.decode
        self.command = [program(path, "llama-bench"), "-m", str(arguments.model), "-t", str(arguments.threads),
                        "-p", str(self.prompt), "-n", str(self.decode), "-r", "1", "-o", "json", *shlex.split(extra)]

    def measure(self):
        """Tokens a second of prefill and decode."""
        out, errors, status = run(self.command)
        try:
            if status != 0:
                raise failed(self.command, errors, status)
            rows = json.loads(out[out.index("["):])
            seconds = {(row["n_prompt"], row["n_gen"]): statistics.mean(row["samples_ns"]) / 1e9 for row in rows}
            return {"prefill": self.prompt / seconds[self.prompt, 0], "decode": self.decode / seconds[0, self.decode]}
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{self.name}: its JSON is not llama-bench's ({error!r}): {shlex.join(self.command)}") from error


class Asterism:
    def __init__(self, quantization, arguments, header):
        self.name = f"asterism {quantization}"
        self.bytes_per_token = None
        self.details = {}
        self.read_bandwidth = []
        self.unused_experts = 0
        self.command = [program(arguments.model_bench, "model_bench"), "--quiet", "--quantization", quantization,
                        "--threads", str(arguments.threads), "--repetitions", "1", "--prefill", str(arguments.prompt),
                        "--decode", str(arguments.decode)]
        for flag, value in header.shape().items():
            self.command += [f"--{flag}", str(value)]

    def measure(self):
        with tempfile.TemporaryDirectory() as folder:
            written = pathlib.Path(folder, "measured.json")
            command = [*self.command, "--json", str(written)]
            _, errors, status = run(command)
            # It ends with 1 after a complete measurement where decode left experts out.
            if status != 0 and not (status == 1 and written.exists() and written.stat().st_size > 0):
                raise failed(command, errors, status)
            self.details = json.loads(written.read_text(encoding="utf-8"))
        self.bytes_per_token = self.details["weights_bytes_per_token"]
        self.read_bandwidth.append(self.details["read_bytes_per_second"]["median"])
        self.unused_experts += self.details["unused_experts"]
        return {"prefill": self.details["prefill"][0]["tokens_per_second"]["mean"],
                "decode": self.details["decode"]["tokens_per_second"]["mean"]}


def program(path, what):
    if not os.path.isfile(path):
        raise Failure(f"{what} is not at {path}; build it first, this script builds nothing")
    if not os.access(path, os.X_OK):
        raise Failure(f"{what} at {path} can't be executed")
    return os.path.abspath(path)


# -- rounds and table ------------------------------------------------------------------------------


def busy_seconds():
    """Seconds that all cores of the machine were busy since it started; 0 where the system doesn't tell."""
    try:
        ticks = [int(field)
                 for field in pathlib.Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # without idle and waiting for a disk
    except (OSError, ValueError, IndexError):
        return 0.0


def watched(contender):
    """What it measures, the seconds it took, and how many cores others used meanwhile."""
    def others():
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        return busy_seconds() - own
    start, before = time.monotonic(), others()
    speed = contender.measure()
    seconds = time.monotonic() - start
    return speed, seconds, (others() - before) / seconds


def measure(contenders, runs, say):
    """Complete rounds, name -> {"prefill", "decode"}, and what was busy in them; an interrupt ends it early."""
    rounds, busy = [], []
    try:
        for number in range(1, runs + 1):
            this = {}
            for contender in contenders:
                beginning = f"round {number} of {runs}  {contender.name:24}"
                say(f"{beginning} ...")
                this[contender.name], seconds, others = watched(contender)
                note = ""
                if others > BUSY_CORES:
                    note = f"  others used {others:.1f} cores"
                    busy.append(f"{contender.name} in round {number}: {others:.1f} cores")
                speed = this[contender.name]
                say(f"{beginning} prefill {speed['prefill']:8.2f}  decode {speed['decode']:7.2f} tokens/s  ({seconds:.0f} s)"
                    f"{note}", True)
            rounds.append(this)
    except KeyboardInterrupt:
        say("interrupted", True)
    return rounds, busy


def spread(values):
    return f"{statistics.median(values):9.2f}  {min(values):8.2f} .. {max(values):<8.2f}"


def table(contenders, rounds, prompt, decode):
    width = max(len(contender.name) for contender in contenders)
    first, second = f"prefill {prompt}, tokens/s", f"decode {decode}, tokens/s"
    lines = [f"{'':{width}}  {first:^31}{second:^31}{'MB a token':>11}{'GB/s':>8}"]
    for contender in contenders:
        of = {what: [one[contender.name][what] for one in rounds] for what in ("prefill", "decode")}
        rate = contender.bytes_per_token * statistics.median(of["decode"]) / 1e9
        lines.append(f"{contender.name:{width}}  {spread(of['prefill'])}  {spread(of['decode'])}"
                     f"{contender.bytes_per_token / 1e6:12.1f}{rate:8.2f}")
    return "\n".join(line.rstrip() for line in lines)


def ratios(contenders, rounds):
    """Rows (Asterism, peer, {"prefill", "decode", "decode, bytes"} -> ratios of the rounds)."""
    for ours in (one for one in contenders if isinstance(one, Asterism)):
        for peer in (one for one in contenders if isinstance(one, Peer)):
            of = {what: [one[ours.name][what] / one[peer.name][what] for one in rounds]
                  for what in ("prefill", "decode")}
            weight = ours.bytes_per_token / peer.bytes_per_token
            yield ours, peer, {**of, "decode, bytes": [value * weight for value in of["decode"]]}


def ratio_table(contenders, rounds):
    rows = [(f"{ours.name} / {peer.name}", of) for ours, peer, of in ratios(contenders, rounds)]
    width = max(len(name) for name, _ in rows)
    lines = [f"{'':{width}}" + "".join(f"{what:^31}" for what in rows[0][1])]
    lines += [f"{name:{width}}" + "".join(f"  {spread(values)}" for values in of.values()) for name, of in rows]
    return "\n".join(line.rstrip() for line in lines)


def notes(contenders, busy):
    ours = [one for one in contenders if isinstance(one, Asterism)]
    best = statistics.median(value for one in ours for value in one.read_bandwidth)
    lines = [f"Read bandwidth of this machine, the median of all rounds: {best / 1e9:.2f} GB/s. Asterism's kernels: "
             f"{ours[0].details['instruction_set']}."]
    lines += [f"- {one.name}: experts that decode never used, summed over the rounds: {one.unused_experts}; raise --decode"
              for one in ours if one.unused_experts > 0]
    if busy:
        lines.append("The machine was not quiet, and programs that wait by spinning suffer most; others used, of "
                     f"{os.cpu_count()} cores:\n- " + "\n- ".join(busy))
    return "\n".join(lines)


def report(contenders, rounds, busy, arguments):
    if not rounds:
        raise Failure("no round was complete: nothing to show")
    print(f"\n{arguments.model.name}, {arguments.threads} threads, {len(rounds)} rounds; median, least .. most\n")
    print(table(contenders, rounds, arguments.prompt, arguments.decode))
    print("\nRatios within a round; median, least .. most\n")
    print(ratio_table(contenders, rounds))
    print("\n" + notes(contenders, busy), flush=True)
    if arguments.json:
        content = {
            "model": arguments.model.name, "threads": arguments.threads,
            "prompt": arguments.prompt, "decode": arguments.decode,
            "contenders": {one.name: {"command": one.command,
                                      "bytes_per_token": one.bytes_per_token} for one in contenders},
            "rounds": rounds, "busy": busy,
            "ratios": [{"asterism": ours.name, "peer": peer.name, **of}
                       for ours, peer, of in ratios(contenders, rounds)],
        }
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-bench", action="append", required=True, metavar="NAME=PATH[:OPTIONS]",
                        help="a peer; may be repeated")
    parser.add_argument("--model", type=pathlib.Path, required=True, metavar="FILE.gguf", help="the peers' model")
    parser.add_argument("--model-bench", required=True, metavar="PATH",
                        help="Asterism's model_bench, compiled by the preset bench")
    parser.add_argument("--quantization", action="append", metavar="FORMAT",
                        help="a format of model_bench; may be repeated (default: int4, which has Q4_0's bits)")
    parser.add_argument("--threads", type=positive, default=2, help="of every program (default: 2)")
    parser.add_argument("--runs", type=positive, default=5, help="rounds (default: 5)")
    parser.add_argument("--prompt", type=positive, default=512, help="tokens of the prompt (default: 512)")
    parser.add_argument("--decode", type=positive, default=64, help="tokens of the answer (default: 64)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every round to this file too")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    arguments = parser.parse_args()

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    terminal = sys.stderr.isatty()

    def say(text, end=False):
        """A line of progress; on a terminal the next one takes its place until it is at an end."""
        if not arguments.quiet and (end or terminal):
            before = "\r\033[K" if terminal else ""
            print(f"{before}{text}", end="\n" if end else "", file=sys.stderr, flush=True)

    try:
        header = GgufHeader(arguments.model)
        contenders = [Asterism(format, arguments, header) for format in arguments.quantization or ["int4"]]
        contenders += [Peer(text, arguments, header) for text in arguments.llama_bench]
        names = [contender.name for contender in contenders]
        if len(set(names)) != len(names):
            raise Failure(f"two contenders have one name: {', '.join(names)}")
        rounds, busy = measure(contenders, arguments.runs, say)
        report(contenders, rounds, busy, arguments)
    except (Failure, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted")


if __name__ == "__main__":
    main()
