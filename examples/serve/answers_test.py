"""Asks a server on the shipped checkpoint: answers, streams, scores, errors, malformed requests.

Usage: answers_test.py PROGRAM FOLDER_OF_MALFORMED_REQUESTS PAGE [OPTIONS...]
Where curl is, the page's commands are run.
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

from running_server import Server

PROGRAM, MALFORMED, PAGE = sys.argv[1], *map(pathlib.Path, sys.argv[2:4])
PROMPT = ("[KNOWLEDGE] Salt Dancer strength 4. Moss Heron guard 1. Rule 150.4a damage is strength less guard. [/KNOWLEDGE]\n"
          "Query: How much damage does Salt Dancer deal to Moss Heron?\nResponse:")
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
LONG = {"logit_bias": {"2": -100}}  # no end token


def text_request(**more):
    return {"model": "checkpoint", "prompt": PROMPT, **more}


def chat_request(**more):
    return {"model": "checkpoint", "messages": [{"role": "user", "content": "Hello"}], **more}


def answers(server):
    status, body, headers = server.ask(TEXT, text_request())
    assert status == 200 and body["choices"][0]["text"] == " 3", body
    assert body["choices"][0]["finish_reason"] == "stop" and body["object"] == "text_completion"
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    assert headers["x-request-id"].startswith("req-")
    again = server.ask(TEXT, text_request())[1]
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] > 30, again["usage"]
    status, body, _ = server.ask(CHAT, chat_request(max_tokens=5, n=2, temperature=1, seed=3, **LONG))
    assert status == 200 and [one["index"] for one in body["choices"]] == [0, 1]
    assert all(one["finish_reason"] == "length" and one["message"]["role"] == "assistant" for one in body["choices"])
    assert body["usage"]["completion_tokens"] == 10
    assert body["choices"][0]["message"] != body["choices"][1]["message"]
    same = server.ask(CHAT, chat_request(max_tokens=5, n=2, temperature=1, seed=3, **LONG))[1]
    assert same["choices"] == body["choices"]
    stopped = server.ask(TEXT, text_request(max_tokens=30, stop=["e", "zzz"], **LONG))[1]["choices"][0]
    assert stopped["finish_reason"] == "stop" and "e" not in stopped["text"], stopped
    assert server.ask("/v1/models")[1]["data"][0]["id"] == "checkpoint"
    assert server.ask("/v1/models/checkpoint")[1]["max_model_len"] == 1024
    assert server.ask("/health")[0] == server.ask("/ready")[0] == 200


def streams(server):
    for path, request in ((TEXT, text_request(max_tokens=12, **LONG)), (CHAT, chat_request(max_tokens=12, **LONG))):
        whole = server.ask(path, request)[1]["choices"][0]
        events, _ = server.events(path, dict(request, n=2, stream_options={"include_usage": True}))
        assert events.pop() == "[DONE]"
        parts = [json.loads(event) for event in events]
        usage = parts.pop()
        assert usage["choices"] == [] and usage["usage"]["completion_tokens"] == 24
        for index in (0, 1):
            own = [part["choices"][0] for part in parts if part["choices"][0]["index"] == index]
            assert [one["finish_reason"] for one in own if one["finish_reason"]] == ["length"]
            assert own[-1]["finish_reason"]
            if path == CHAT:
                assert own[0]["delta"] == {"role": "assistant", "content": ""}
                assert "".join(one["delta"].get("content", "") for one in own) == whole["message"]["content"]
            else:
                assert "".join(one["text"] for one in own) == whole["text"]
        assert all(part["usage"] is None and part["id"] == usage["id"] for part in parts)


def scores(server):
    chosen = server.ask(CHAT, chat_request(max_tokens=4, logprobs=True, top_logprobs=2, **LONG))[1]["choices"][0]
    content = chosen["logprobs"]["content"]
    assert len(content) == 4 and all(len(one["top_logprobs"]) == 2 for one in content)
    assert "".join(one["token"] for one in content) == chosen["message"]["content"], chosen
    # What lm-evaluation-harness asks: ids, echoed, with the log probability of each.
    ids = [1, 20, 30, 40, 50, 60]
    echoed = server.ask(TEXT, text_request(prompt=[ids, ids[:3]], echo=True, logprobs=1, max_tokens=1, seed=1))[1]
    first, second = (one["logprobs"] for one in echoed["choices"])
    assert len(first["tokens"]) == 7 and len(second["tokens"]) == 4, first
    assert first["token_logprobs"][0] is None and first["top_logprobs"][0] is None
    assert first["token_logprobs"][1:3] == second["token_logprobs"][1:3]
    assert all(value <= max(best.values()) for value, best in zip(first["token_logprobs"][1:], first["top_logprobs"][1:]))
    nothing = server.ask(TEXT, text_request(echo=True, max_tokens=0))[1]["choices"][0]
    assert nothing["text"] == PROMPT and nothing["finish_reason"] == "length"


def many(server):
    """Together they get what each gets alone."""
    alone = [server.ask(TEXT, text_request(prompt=f"card {i}", temperature=1, seed=i, max_tokens=20))[1] for i in range(12)]
    found = [None] * 12

    def one(i):
        found[i] = server.ask(TEXT, text_request(prompt=f"card {i}", temperature=1, seed=i, max_tokens=20))[1]

    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [one["choices"] for one in found] == [one["choices"] for one in alone]


def errors(server):
    def refused(status, code, *words, path=CHAT, body=None, **how):
        found, answer, _ = server.ask(path, body, **how)
        error = answer["error"]
        assert (found, error["code"]) == (status, code) and set(error) == {"message", "type", "param", "code"}, answer
        assert all(word in error["message"] for word in words), error

    refused(404, "model_not_found", "nope", "checkpoint", body=chat_request(model="nope"))
    refused(404, "not_found", "/v1/embeddings", path="/v1/embeddings", body={})
    refused(404, "model_not_found", path="/v1/models/other")
    refused(405, "method_not_allowed", "POST", method="GET")
    refused(400, "context_length_exceeded", "3001 tokens", "1024", path=TEXT, body=text_request(prompt=[1] * 3001))
    pirate = chat_request(messages=[{"role": "pirate", "content": "x"}])
    refused(400, "invalid_value", "roles must", body=pirate)  # in the words of the template
    assert "/checkpoint" not in server.ask(CHAT, pirate)[1]["error"]["message"]
    refused(403, "foreign_host", "evil.example", path="/v1/models", headers={"Host": "evil.example"})
    refused(403, "foreign_origin", path="/v1/models", headers={"Origin": "http://evil.example"})
    count = 0
    for file in sorted(MALFORMED.glob("*_bad_*")):
        path = CHAT if file.name.startswith("chat") else TEXT
        status, answer, _ = server.ask(path, file.read_bytes(), method="POST")
        assert status == 400 and answer["error"]["message"], (file, status, answer)
        count += 1
    assert count == 97, count


def figures(server):
    """Counters go on by what was answered, experts and spans are told."""
    def scraped():
        status, text, headers = server.ask("/metrics")
        if status == 404:  # compiled without prometheus-cpp
            return None
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert all(re.fullmatch(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+', line) for line in lines), text
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def chosen():
        layers = server.ask("/v1/experts")[1]["layers"]
        assert len(layers) == 4 and [one["layer"] for one in layers] == [0, 1, 2, 3], layers
        for one in layers:
            mean = sum(one["choices"]) / len(one["choices"])
            assert abs(one["balance"] - (max(one["choices"]) / mean - 1)) < 1e-9 and one["by_chance"] > 0, one
        return [sum(one["choices"]) for one in layers]

    before, experts = scraped(), chosen()
    for reason in ("stop", "length", "cancelled", "timeout", "failed") if before else ():
        assert f'asterism_answers_total{{reason="{reason}"}}' in before, before  # before the first of them, too
    prompt = list(range(3, 23))
    body = server.ask(TEXT, text_request(prompt=prompt, max_tokens=7, n=2, temperature=1, **LONG))[1]
    cached = body["usage"]["prompt_tokens_details"]["cached_tokens"]
    # Two experts in each layer for each token that was computed: of both prompts all or the last, of answers all but
    # that.
    chosen_now = [later - sooner for sooner, later in zip(experts, chosen())]
    assert len(set(chosen_now)) == 1 and 2 * (2 + 12) <= chosen_now[0] <= 2 * (40 + 12), chosen_now
    if before:
        end = time.monotonic() + 10
        while (after := scraped())['asterism_requests{state="running"}'] > 0:  # it is told apart from the answer
            assert time.monotonic() < end, after
        grown = lambda name: after.get(name, 0) - before.get(name, 0)
        assert grown('asterism_answers_total{reason="length"}') == 2, after
        assert grown('asterism_tokens_total{kind="completion"}') == 14 and grown('asterism_tokens_total{kind="prompt"}') == 40
        assert grown('asterism_tokens_total{kind="cached"}') >= cached
        assert grown("asterism_time_to_first_token_seconds_count") == 2
        assert grown("asterism_time_between_tokens_seconds_count") == 12
        assert grown("asterism_time_in_queue_seconds_count") == 2
        assert grown("asterism_pass_seconds_count") >= 7 and grown("asterism_pass_seconds_sum") > 0
        assert after['asterism_requests{state="waiting"}'] == 0
        planned, used, most = (after[f'asterism_device_bytes{{device="0",kind="{kind}"}}']
                               for kind in ("planned", "used", "high_water"))
        assert planned >= most >= used > 0, after
        hits = [name for name in after if name.startswith("asterism_expert_uses_total")]
        assert bool(hits) == any("--experts" in option for option in sys.argv), hits
    status, body, _ = server.ask("/v1/trace?seconds=600")
    spans = [event for event in body["traceEvents"] if event["ph"] == "X"]
    assert status == 200
    kinds = ("embed", "attention", "experts", "head", "sample", "hand-over")
    passes = [event for event in spans if event["cat"] == "pass"]
    laps = [event for event in spans if event["cat"] in kinds]
    assert {"embed", "attention", "experts", "head", "sample"} <= {event["cat"] for event in laps}
    ends = lambda event: event["ts"] + event["dur"]
    near = lambda a, b: abs(a - b) < 0.01  # microseconds, rounded to thousandths
    # Of passes that are whole: laps follow each other from the beginning, without a gap, and none leaves its pass.
    assert len(passes) >= 7
    for one in passes[1:]:
        within = [lap for lap in laps if one["ts"] <= lap["ts"] < ends(one)]
        assert within and near(within[0]["ts"], one["ts"]) and ends(within[-1]) <= ends(one) + 0.01, (one, within)
        assert all(near(ends(a), b["ts"]) for a, b in zip(within, within[1:])), (one, within)
    assert len(server.ask("/v1/trace")[1]["traceEvents"]) > 10
    for query in ("seconds=0", "seconds=x", "seconds=3601", "minutes=1", "seconds=5&x"):
        status, answer, _ = server.ask(f"/v1/trace?{query}")
        assert status == 400 and answer["error"]["code"] == "invalid_value", answer


def status(server):
    """Memory adds up, answers and tokens are counted, and experts in turns are told where there are some."""
    before = server.ask("/v1/status")[1]
    assert before["model"] == "checkpoint" and before["context"] == 1024 and before["rows"] == 4, before
    for device in before["devices"]:
        assert sum(device["parts"].values()) == device["planned"] <= device["budget"], device
        assert 0 < device["used"] <= device["high_water"] <= device["planned"], device
        assert device["layers"] == [0, 4] and device["kind"] == "host memory"
    server.ask(TEXT, text_request(prompt=list(range(30, 50)), max_tokens=9, n=2, temperature=1, **LONG))
    end = time.monotonic() + 10
    while (after := server.ask("/v1/status")[1])["answers"]["running"] > 0 or after["passes"] < before["passes"] + 9:
        assert time.monotonic() < end, after
    grown = lambda name: after["answers"][name] - before["answers"][name]
    assert grown("taken") == 2 and grown("tokens") == 18 and after["answers"]["waiting"] == 0, after
    assert after["pass_seconds"] > before["pass_seconds"]
    slots = server.ask("/v1/experts")[1]["movements"]["slots"]
    assert slots == after["slots"] and server.ask("/v1/experts")[1]["movements"]["handed_over"] == 0, slots
    takes_turns = any("--experts" in option for option in sys.argv)
    assert (slots is not None) == takes_turns, slots
    if takes_turns:
        assert slots["uses"] == slots["hits"] + slots["fetched"] + slots["passed_through"] > before["slots"]["uses"], slots
        assert slots["bytes_read"] > 0 == slots["bytes_copied"], slots


def commands(server):
    found = re.findall(r"^    (curl .*)$", PAGE.read_text(), re.M)
    assert len(found) == 3
    for command in found if shutil.which("curl") else []:
        result = subprocess.run(command.replace("localhost:8080", f"localhost:{server.port}"), shell=True,
                                capture_output=True, text=True)
        assert result.returncode == 0 and '"checkpoint"' in result.stdout and "error" not in result.stdout, result


with Server(PROGRAM, *sys.argv[4:]) as running:
    for test in (answers, streams, scores, many, errors, figures, status, commands):
        test(running)
    assert not any("body" in line for line in running.log)
    assert "pirate" not in json.dumps(running.log)
    assert running.end(signal.SIGTERM) == 0
