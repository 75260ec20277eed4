"""The server's page: it is whole, loads nothing from elsewhere, and its policy lets its own script run and no other.

Usage: page_test.py PROGRAM FOLDER_FOR_FILES
"""
import base64
import hashlib
import html.parser
import os
import re
import sys

from running_server import Server

PROGRAM, FOLDER = sys.argv[1:]
TEXT = "/v1/completions"
SHORT = {"model": "checkpoint", "prompt": "a", "max_tokens": 1}


def page(server):
    status, text, headers = server.ask("/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8", headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer", headers
    assert server.ask("/?anything")[1] == text
    return text, headers["Content-Security-Policy"]


def policy(text, found):
    """Nothing is allowed but this script, this style and requests to this server."""
    rules = dict(rule.split(" ", 1) for rule in found.split("; "))
    for element, name in (("script", "script-src"), ("style", "style-src")):
        parts = re.findall(rf"<{element}\b[^>]*>(.*?)</{element}>", text, re.S)
        assert len(parts) == 1 and f"<{element}>" in text, element
        digest = base64.b64encode(hashlib.sha256(parts[0].encode()).digest()).decode()
        assert rules.pop(name) == f"'sha256-{digest}'", name
    assert rules == {"default-src": "'none'", "connect-src": "'self'", "img-src": "data:", "base-uri": "'none'",
                     "form-action": "'none'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'",
                     "trusted-types": "'none'"}, rules


class Resources(html.parser.HTMLParser):
    """What attributes of a page's elements load, or lead to."""
    NAMES = {"src", "href", "action", "formaction", "srcset", "poster", "data", "background", "ping", "xlink:href"}

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in self.NAMES]


def text_alone(text):
    """No resource of anybody else, no attribute that the policy would refuse, and text never becomes markup."""
    icon = ["data:,"]
    assert Resources(text).found == icon, Resources(text).found
    for planted in ("<img src=x>", "<img alt='' SRC = 'x' width=1>", '<a class="b" href="x">c</a>', "<form action=x></form>",
                    '<img srcset="x 2x" />', "<video poster=x></video>", "<object data='x'></object>",
                    "<button formaction=x></button>", '<svg><use xlink:href="x"/></svg>', "<script src=x></script>"):
        assert len(Resources(text.replace("<main>", "<main>" + planted)).found) == 2, planted
    assert not re.search(r"(?:https?|wss?):|url\(|@import|['\"(]//", text), "an address"
    assert not re.search(r"\s(?:style|on[a-z]+)\s*=\s*[\"']", text), "a style or a handler in an attribute"
    for markup in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment",
                   "eval(", "Function(", "localStorage", "sessionStorage", "document.cookie"):
        assert markup not in text, markup
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), ids
    assert set(re.findall(r"\bat\('([^']+)'\)", text)) <= set(ids)
    for label in re.findall(r'<label for="([^"]+)"', text):
        assert label in ids, label
    for field in re.findall(r'<(?:textarea|select|input) id="([^"]+)"(?! type="checkbox")', text):
        assert f'<label for="{field}"' in text, field


def keys_that_are_read(text, status, experts):
    """What the script reads of a status, a device, slots, layers and movements is in the server's answers."""
    read = set(re.findall(r"(?<![\w.])(?:(?:last|before|after)\.)?status\.([a-z_.]+)", text)) | \
        set(re.findall(r"\bold\.([a-z_.]+)", text))
    assert {"model", "passes", "answers.tokens", "slots.uses"} <= read, read
    for path in read:
        value = status
        for key in path.split("."):
            if value is None:
                break  # experts don't take turns in this server
            assert key in value, path
            value = value[key]
    device = re.search(r"^function show_devices\b.*?^}", text, re.S | re.M).group(0)
    names = set(re.findall(r"\bone\.([a-z_]+)", device))
    assert {"budget", "planned", "used", "high_water"} <= names <= set(status["devices"][0]), names
    assert set(re.search(r"function show_movements\(\{(.*?)\}\)", text).group(1).split(", ")) <= set(experts["movements"])
    assert set(re.findall(r"\bexperts\.([a-z_]+)(?!\()", text)) <= set(experts)
    for names in re.findall(r"\(\{(layer, .*?)\}[,)]", text) + re.findall(r"const \{(layer, .*?)\}", text):
        assert set(names.split(", ")) <= set(experts["layers"][0]), names
    answers = re.search(r"const \{(.*?)\} = status\.answers", text).group(1)
    assert {name.split(":")[0] for name in answers.split(", ")} <= set(status["answers"]), answers


def own_origin(server, key):
    """The page's own requests name the server as their origin; pages of other ports are others'."""
    host = f"localhost:{server.port}"
    for origin, allowed in ((f"http://{host}", True), (f"http://localhost:{server.port + 1}", False), ("null", False),
                            (f"https://{host}", False), (f"http://127.0.0.1:{server.port}", False)):
        status, answer, headers = server.ask(TEXT, SHORT, {**key, "Host": host, "Origin": origin})
        assert status == (200 if allowed else 403), (origin, status, answer)
        assert "Access-Control-Allow-Origin" not in headers, headers
    status, answer, _ = server.ask(TEXT, SHORT, {**key, "Host": "evil.example", "Origin": "http://evil.example"})
    assert status == 403 and answer["error"]["code"] == "foreign_host", answer
    assert server.ask("/", headers={"Host": "evil.example"})[0] == 403


keys = os.path.join(FOLDER, "serve_page_keys.txt")
with open(keys, "w") as file:
    file.write("first-key\n")
with Server(PROGRAM, "--keys", keys) as running:
    body, rules = page(running)  # without a key
    policy(body, rules)
    text_alone(body)
    told = []
    for path in ("/v1/status", "/v1/experts"):  # what the page asks for needs one
        assert running.ask(path)[0] == 401
        code, answer, _ = running.ask(path, headers={"Authorization": "Bearer first-key"})
        assert code == 200, answer
        told.append(answer)
    keys_that_are_read(body, *told)
    own_origin(running, {"Authorization": "Bearer first-key"})
    assert running.ask("/", {}, method="POST")[0] == 405  # it is only read
