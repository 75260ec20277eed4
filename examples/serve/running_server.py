"""A server of a test's own, and requests to it."""
import http.client
import json
import socket
import subprocess
import threading
import time


class Server:
    """Runs the program with some options at a free port until the block ends; its log is kept."""

    def __init__(self, program, *options, ready=True):
        self.process = subprocess.Popen([program, "--port", "0", *options], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.log, self.changed = [], threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.port = self.wait(lambda line: line.get("event") == "listening")["port"]
        if ready:
            self.wait(lambda line: line.get("event") == "ready")

    def _read(self):
        for text in self.process.stderr:
            with self.changed:
                try:
                    self.log.append(json.loads(text))
                except json.JSONDecodeError:
                    self.log.append({"not JSON": text})
                self.changed.notify_all()

    def wait(self, wanted, seconds=30):
        """The first line of the log that `wanted` takes."""
        with self.changed:
            found = lambda: next((line for line in self.log if wanted(line) or "not JSON" in line), None)
            assert self.changed.wait_for(lambda: found() is not None, seconds), self.log
            assert "not JSON" not in found(), self.log
            return found()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert not any("not JSON" in line for line in self.log), self.log

    def end(self, signal, seconds=40):
        self.process.send_signal(signal)
        return self.process.wait(timeout=seconds)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, path, body=None, headers=(), method=None):
        """Status, body (as JSON where it is) and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        connection.request(method or ("GET" if data is None else "POST"), path, data, dict(headers))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
        return answer.status, json.loads(text) if is_json else text.decode(), dict(answer.getheaders())

    def events(self, path, body, headers=()):
        """The data of a stream's events, and the comments."""
        status, text, _ = self.ask(path, dict(body, stream=True), headers)
        assert status == 200, (status, text)
        parts = text.split("\n\n")
        assert parts.pop() == ""
        return [part.removeprefix("data: ") for part in parts if part.startswith("data: ")], \
               [part for part in parts if part.startswith(":")]


def raw_request(path, body, extra=""):
    """The bytes of a POST."""
    data = json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n{extra}\r\n").encode() + data


def closed_within(connection, seconds):
    """Reads until the other side closes; what it said, or None where it did not close in time."""
    text, end = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            connection.settimeout(max(0.01, end - time.monotonic()))
            piece = connection.recv(65536)
            if not piece:
                return text
            text += piece
    except ConnectionError:
        return text
    except TimeoutError:
        pass
    return None
