"""What clients may not do to a server on the shipped checkpoint: leave, dawdle, send too much, ask without a key.

Usage: limits_test.py PROGRAM FOLDER_FOR_FILES
"""
import json
import os
import re
import signal
import socket
import sys
import threading
import time

from running_server import Server, closed_within, raw_request

PROGRAM, FOLDER = sys.argv[1:]
os.environ["ASTERISM_SIMD"] = "portable"  # answers take their time on fast machines too
TEXT = "/v1/completions"
LONG = {"model": "checkpoint", "prompt": "a", "max_tokens": 1000, "logit_bias": {"2": -100}}
SHORT = {"model": "checkpoint", "prompt": "a", "max_tokens": 1}


def leaving():
    """Who leaves frees row and waiting room, with a stream and without, and while prompts are read."""
    with Server(PROGRAM, "--rows", "1", "--waiting", "15", "--prefill-chunk", "16") as server:
        prompts = [[token] * 1000 for token in range(20, 36)]
        for more in ({"stream": True, "n": 16}, {"n": 16}, {"prompt": prompts, "max_tokens": 20}):  # seconds of work
            connection = server.connect()
            connection.sendall(raw_request(TEXT, {**LONG, **more}))
            time.sleep(0.15)  # the first of sixteen answers takes longer, the first of short ones may not
            if "n" in more:
                status, answer, headers = server.ask(TEXT, SHORT)
                assert status == 429 and answer["error"]["code"] == "queue_full" and headers["Retry-After"], answer
            connection.close()
            begun = time.monotonic()
            while server.ask(TEXT, SHORT)[0] != 200:
                assert time.monotonic() < begun + 1, "the row is still taken"
                time.sleep(0.01)
        assert server.wait(lambda line: "it has left" in line.get("why", ""))


def sizes_and_times():
    with Server(PROGRAM, "--header-seconds", "1", "--body-seconds", "1", "--idle-seconds", "1", "--body-bytes", "2000",
                "--header-bytes", "1000", "--connections", "3") as server:
        assert server.ask(TEXT, "x" * 2001, method="POST")[0] == 413
        assert server.ask("/health", headers={"X": "y" * 1000})[0] == 413
        half_header, half_body, idle = server.connect(), server.connect(), server.connect()
        half_header.sendall(b"GET /health HTTP/1.1\r\nHo")
        half_body.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
        assert server.ask("/health")[0] == 503  # a fourth one
        for connection in (half_header, half_body, idle):
            assert closed_within(connection, 3) is not None
        assert server.ask("/health")[0] == 200
        broken = server.connect()
        broken.sendall(b"nonsense\r\n\r\n")
        assert closed_within(broken, 5).startswith(b"HTTP/1.1 400")
        # Two requests at once are answered one after the other.
        twice = server.connect()
        twice.sendall(raw_request(TEXT, SHORT) + raw_request(TEXT, SHORT, "Connection: close\r\n"))
        assert closed_within(twice, 10).count(b"HTTP/1.1 200") == 2
        old = server.connect()
        old.sendall(raw_request(TEXT, {**SHORT, "stream": True}).replace(b"HTTP/1.1", b"HTTP/1.0"))
        text = closed_within(old, 10)
        assert b"chunked" not in text and text.endswith(b"data: [DONE]\n\n"), text


def slow_readers():
    with Server(PROGRAM, "--rows", "2", "--unread-bytes", "2048", "--unread-seconds", "1") as server:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        wide = {**LONG, "stream": True, "logprobs": 20, "n": 2}
        connection.sendall(raw_request(TEXT, wide))
        line = server.wait(lambda line: "reads" in line.get("why", ""))
        assert line["route"] == TEXT
        assert server.ask(TEXT, SHORT)[0] == 200


def waiting():
    """A stream that waits gets comments; one that waits too long is told so, unless those before it give up first."""
    with Server(PROGRAM, "--rows", "1", "--comment-seconds", "1", "--wait-seconds", "2") as server:
        before = [server.connect() for _ in range(8)]
        for connection in before:
            connection.sendall(raw_request(TEXT, {**LONG, "stream": True, "n": 7}))
        time.sleep(0.2)
        events, comments = server.events(TEXT, SHORT)
        assert comments, events
        assert events[-1] == "[DONE]" or json.loads(events[-1])["error"]["code"] == "timeout", events


def keys_and_pages():
    path = os.path.join(FOLDER, "serve_keys.txt")
    with open(path, "w") as file:
        file.write("# of this test\nfirst-key\n  \nsecond-key\r\n")
    with Server(PROGRAM, "--keys", path, "--allow-origin", "https://page.example", "--allow-host", "ai.example",
                "--log-prompts") as server:
        assert server.ask("/health")[0] == server.ask("/ready")[0] == 200
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "first-key"},
                       {"Authorization": "Bearer # of this test"}, {"Authorization": "Bearer "}):
            status, answer, headers = server.ask("/v1/models", headers=header)
            assert status == 401 and answer["error"]["code"] == "invalid_api_key", answer
            assert headers["WWW-Authenticate"] == "Bearer"
        for key in ("first-key", "second-key"):
            mine = {"Authorization": f"Bearer {key}"}
            assert server.ask("/v1/models", headers={**mine, "Host": "AI.example:8080"})[0] == 200
            status, _, headers = server.ask(TEXT, SHORT, {**mine, "Origin": "https://page.example"})
            assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://page.example"
        status, _, headers = server.ask(TEXT, method="OPTIONS", headers={"Origin": "https://page.example"})
        assert status == 204 and "authorization" in headers["Access-Control-Allow-Headers"]
        assert server.ask(TEXT, method="OPTIONS", headers={"Origin": "https://other.example"})[0] == 403
        line = server.wait(lambda line: "body" in line and '"prompt"' in line["body"])
        assert "first-key" not in json.dumps(server.log) and line["status"] == 200


def routes():
    """Those of the program's source and those of the page are the same; all but the public ones ask for a key."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "routes.hpp")) as file:
        source = file.read()
    listed = re.search(r"Route all_routes\[\] = \{\n(.*?)\n\};", source, re.S).group(1)
    found = {}
    for line in listed.splitlines():
        path, method, public = re.fullmatch(r'\s*\{("[^"]+"|models_path), .*::verb::(\w+), (true|false), \w+\},', line).groups()
        found["/v1/models" if path == "models_path" else path.strip('"')] = (method.upper(), public == "true")
    with open(os.path.join(here, "..", "..", "docs", "serving.md")) as file:
        page = dict(reversed(pair) for pair in re.findall(r"^\| `(GET|POST) (/[^`]*)`", file.read(), re.M))
    assert page == {path: method for path, (method, _) in found.items()}, (page, found)
    keys = os.path.join(FOLDER, "serve_keys.txt")
    with open(keys, "w") as file:
        file.write("first-key\n")
    with Server(PROGRAM, "--keys", keys) as server:
        for path, (method, public) in found.items():
            body = {} if method == "POST" else None
            assert (server.ask(path, body)[0] == 401) != public, path
            status, answer, _ = server.ask(path, body, {"Authorization": "Bearer first-key"})
            without_metrics = path == "/metrics" and status == 404
            assert status == (400 if method == "POST" else 200) or without_metrics, (path, status, answer)
        assert [path for path, (_, public) in found.items() if public] == ["/", "/health", "/ready"]
        assert server.ask("/nowhere")[0] == 401


def draining():
    with Server(PROGRAM, "--rows", "1") as server:
        found = []
        thread = threading.Thread(target=lambda: found.append(server.ask(TEXT, {**LONG, "max_tokens": 800})))
        thread.start()
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        server.wait(lambda line: line.get("event") == "draining")
        assert server.ask("/ready")[0] == server.ask(TEXT, SHORT)[0] == 503
        assert server.ask("/health")[0] == 200
        assert server.ask("/metrics")[0] in (200, 404)  # 404: compiled without prometheus-cpp
        assert server.ask("/v1/trace")[0] == server.ask("/v1/experts")[0] == 200
        assert server.process.wait(timeout=40) == 0
        thread.join()
        assert found[0][0] == 200 and found[0][1]["choices"][0]["finish_reason"] == "length"
    with Server(PROGRAM, "--rows", "1", "--drain-seconds", "0") as server:
        connection = server.connect()
        connection.sendall(raw_request(TEXT, {**LONG, "stream": True}))
        connection.recv(10)
        assert server.end(signal.SIGTERM) == 0
        rest = closed_within(connection, 5)
        assert b'"error"' in rest and b"[DONE]" not in rest and b"finish_reason\":\"" not in rest, rest[-300:]
    with Server(PROGRAM, "--rows", "1") as server:
        connection = server.connect()
        connection.sendall(raw_request(TEXT, {**LONG, "stream": True}))
        connection.recv(10)
        server.process.send_signal(signal.SIGTERM)
        server.wait(lambda line: line.get("event") == "draining")
        assert server.end(signal.SIGTERM, 3) == 130  # a second one ends at once


for test in (leaving, sizes_and_times, slow_readers, waiting, keys_and_pages, routes, draining):
    test()
