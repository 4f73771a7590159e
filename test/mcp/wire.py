#!/usr/bin/env python3
"""wire.py CASE: talk to the server on the socket MCP_SOCK, byte by byte.

A case is a function; it raises when the server did not do as it should."""
import base64
import json
import os
import socket
import sys
import time

MODERN = "2026-07-28"
KEY = "io.modelcontextprotocol/"
BOTH = "application/json, text/event-stream"


def connect():
    where = os.environ["MCP_SOCK"]
    if where.isdigit():
        return socket.create_connection(("127.0.0.1", int(where)), 20)
    s = socket.socket(socket.AF_UNIX)
    s.connect(where)    # with a time limit a full queue would be an error
    s.settimeout(20)
    return s


class Reply:
    def __init__(self, status, head, body):
        self.status, self.head, self.body = status, head, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def result(self):
        eq(self.status, 200)
        return self.json["result"]

    @property
    def error(self):
        return self.json["error"]["code"]


class Conn:
    """A connection and what was read ahead on it."""

    def __init__(self):
        self.s, self.ahead = connect(), b""

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        self.s.sendall(data)

    def more(self):
        got = self.s.recv(65536)
        self.ahead += got
        return len(got) > 0

    def until(self, end):
        while end not in self.ahead:
            if not self.more():
                raise EOFError("closed before %r, after %r"
                               % (end, self.ahead))
        got, self.ahead = self.ahead.split(end, 1)
        return got

    def exactly(self, n):
        while len(self.ahead) < n:
            if not self.more():
                raise EOFError("closed too early")
        got, self.ahead = self.ahead[:n], self.ahead[n:]
        return got

    def head(self):
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        fields = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in fields, name
            fields[name.lower()] = value
        version, status, _ = lines[0].split(" ", 2)
        eq(version, "HTTP/1.1")
        return int(status), fields

    def chunk(self):
        data = self.exactly(int(self.until(b"\r\n"), 16))
        eq(self.exactly(2), b"\r\n")
        return data

    def reply(self, method="POST"):
        status, fields = self.head()
        if status == 100:
            return Reply(status, fields, b"")
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while True:
                part = self.chunk()
                if part == b"":
                    break
                body += part
        elif method != "HEAD":
            body = self.exactly(int(fields["content-length"]))
        return Reply(status, fields, body)

    def closed(self):
        """The server has closed, or closes within a few seconds."""
        while True:
            try:
                if not self.more():
                    return True
            except (ConnectionResetError, BrokenPipeError):
                return True


def eq(got, want):
    if got != want:
        raise AssertionError("got %r, wanted %r" % (got, want))


def within(got, wanted):
    if got not in wanted:
        raise AssertionError("got %r, wanted one of %r" % (got, wanted))


def build(body, method="POST", path="/mcp", host="localhost", **fields):
    """A request; a field of None is left out, _ in names stands for -."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    h = {"Host": host, "Content-Type": "application/json", "Accept": BOTH,
         "Content-Length": str(len(body))}
    if "MCP_TOKEN" in os.environ:
        h["Authorization"] = "Bearer " + os.environ["MCP_TOKEN"]
    for name, value in fields.items():
        h[name.replace("_", "-")] = value
    head = "%s %s HTTP/1.1\r\n" % (method, path)
    for name, value in h.items():
        if value is not None:
            head += "%s: %s\r\n" % (name, value)
    return (head + "\r\n").encode("latin-1") + body


def ask(body, method="POST", **fields):
    c = Conn()
    c.send(build(body, method=method, **fields))
    return c.reply(method)


def rpc(method, params=None, id=1):
    m = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        m["id"] = id
    if params is not None:
        m["params"] = params
    return m


def meta(version=MODERN, **more):
    m = {KEY + "protocolVersion": version, KEY + "clientCapabilities": {}}
    m.update(more)
    return m


def modern(method, params=None, id=1, version=MODERN, m=None, **fields):
    params = dict(params or {})
    params["_meta"] = meta(version) if m is None else m
    f = {"MCP_Protocol_Version": version, "Mcp_Method": method}
    if method == "tools/call":
        f["Mcp_Name"] = params.get("name")
    f.update(fields)
    return ask(rpc(method, params, id), **f)


def call(name, args=None, id=1, **fields):
    return ask(rpc("tools/call", {"name": name, "arguments": args or {}}, id),
               **fields)


def events(c):
    """The data of each event on a stream, comments as None."""
    text = b""
    while True:
        part = c.chunk()
        if part == b"":
            eq(text, b"")
            return
        text += part
        while b"\n\n" in text:
            event, text = text.split(b"\n\n", 1)
            if event.startswith(b":"):
                yield None
            else:
                lines = event.split(b"\n")
                eq(len(lines), 2)
                eq(lines[0], b"event: message")
                yield json.loads(lines[1][len(b"data: "):])


def log_has(word, seconds=15):
    """The slow tool wrote this word into its log in the workspace."""
    path = os.path.join(os.environ["MCP_WS"], "slow.log")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with open(path) as f:
                if word in f.read().split():
                    return True
        except FileNotFoundError:
            pass
        time.sleep(0.05)
    return False


PING = rpc("ping")

# ---- transport ----


def t01_endpoint():
    r = ask(PING)
    eq((r.status, r.head["content-type"]), (200, "application/json"))
    eq(r.json, {"jsonrpc": "2.0", "id": 1, "result": {}})
    eq(ask(PING, path="/mcp?x=y").status, 200)
    eq(ask(PING, path="http://localhost/mcp").status, 200)
    eq(ask(PING, path="http://evil.example/mcp").status, 404)


def t02_origin():
    for origin in ("http://evil.example", "null", "http://localhost.evil",
                   "http://evil/localhost", "file://localhost",
                   "http://localhost:80:80", "http://127.0.0.1.nip.io",
                   "http://localhost:x", "localhost", ""):
        r = ask(PING, Origin=origin)
        eq((origin, r.status), (origin, 403))
    for origin in ("http://localhost", "http://127.0.0.1:7822",
                   "https://[::1]:1", "http://host.containers.internal:7822",
                   "HTTP://LOCALHOST"):
        eq((origin, ask(PING, Origin=origin).status), (origin, 200))


def t03_host():
    for host in ("evil.example", "localhost.evil", "", "localhost:x",
                 "localhost:123456", "127.0.0.1@evil", "localhost, evil",
                 "[::1", "[::1]x", "::1", "127.0.0.2", "localhost."):
        within((host, ask(PING, host=host).status), ((host, 403),
                                                     (host, 400)))
    for host in ("localhost", "127.0.0.1", "[::1]", "[::1]:7822",
                 "host.containers.internal:7822", "LocalHost:80",
                 "extra.name"):
        eq((host, ask(PING, host=host).status), (host, 200))
    eq(ask(PING, path="/health", method="GET", host="evil").status, 403)


def t05_methods():
    for method in ("GET", "DELETE", "PUT", "OPTIONS", "PATCH", "HEAD", "FOO"):
        r = ask("", method=method)
        eq((method, r.status, r.head["allow"]), (method, 405, "POST"))
    r = ask("", method="POST", path="/health")
    eq((r.status, r.head["allow"]), (405, "GET, HEAD"))


def t06_content_type():
    for t in ("text/plain", "application/x-www-form-urlencoded", None,
              "application/jsonx", "multipart/form-data", ""):
        eq((t, ask(PING, Content_Type=t).status), (t, 415))
    for t in ("application/json; charset=utf-8", "Application/JSON",
              "application/json;x=y", "application/json "):
        eq((t, ask(PING, Content_Type=t).status), (t, 200))


def t07_accept():
    for a in ("application/json", "text/event-stream", "text/html", "",
              "application/*", "application/jsonx, text/event-stream"):
        eq((a, ask(PING, Accept=a).status), (a, 406))
    for a in ("text/event-stream, application/json", "*/*", None,
              "TEXT/Event-Stream;q=0.5,APPLICATION/json;q=1",
              "application/*, text/*", "text/html, */*;q=0.1"):
        eq((a, ask(PING, Accept=a).status), (a, 200))


def t08_notification():
    for n in ("notifications/initialized", "notifications/roots/list_changed",
              "notifications/unheard/of"):
        r = ask(rpc(n, id=None))
        eq((r.status, r.body), (202, b""))
    r = ask({"jsonrpc": "2.0", "id": 7, "result": {"roots": []}})
    eq((r.status, r.body), (202, b""))


def t09_bad_notification():
    for body in ({"jsonrpc": "1.0", "method": "notifications/x"},
                 {"method": "notifications/x"},
                 {"jsonrpc": "2.0", "method": 7},
                 {"jsonrpc": "2.0", "method": "notifications/x", "params": 1}):
        eq(ask(body).status, 400)
    eq(ask(rpc("notifications/x", id=None),
           MCP_Protocol_Version="1999-01-01").status, 400)


def t10_stream():
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 2}})))
    status, h = c.head()
    eq((status, h["content-type"], h["cache-control"],
        h["x-accel-buffering"], h["transfer-encoding"]),
       (200, "text/event-stream", "no-cache", "no", "chunked"))
    got = [e for e in events(c) if e is not None]
    eq(len(got), 1)
    eq(got[0]["result"]["structuredContent"], {"slept": 2})
    c.send(build(PING))
    eq(c.reply().status, 200)


# ---- modern ----


def m01_discover():
    r = modern("server/discover").result
    eq(r["supportedVersions"], [MODERN, "2025-11-25", "2025-06-18"])
    eq(r["capabilities"], {"tools": {}})
    eq((r["resultType"], r["cacheScope"]), ("complete", "private"))
    assert isinstance(r["ttlMs"], int) and r["ttlMs"] >= 0
    eq(r["_meta"][KEY + "serverInfo"]["name"], "aipod")


def m02_result_type():
    r = modern("tools/list").result
    eq((r["resultType"], r["cacheScope"]), ("complete", "private"))
    assert isinstance(r["ttlMs"], int) and r["ttlMs"] >= 0
    r = modern("tools/call", {"name": "echo", "arguments": {}}).result
    eq(r["resultType"], "complete")


def m03_version_header():
    for v in (None, "2025-11-25", "x", "x" * 500):
        r = modern("tools/list", MCP_Protocol_Version=v)
        eq((v, r.status, r.error, r.json["id"]), (v, 400, -32020, 1))


def m04_unsupported():
    for v in ("2099-01-01", "2025-11-25", ""):
        r = modern("tools/list", version=v)
        eq(r.status, 400)
        if v != "":
            eq(r.error, -32022)
            eq(r.json["error"]["data"],
               {"supported": [MODERN], "requested": v})


def m05_method_header():
    for m in (None, "tools/call", "TOOLS/LIST", "tools/list x"):
        r = modern("tools/list", Mcp_Method=m)
        eq((m, r.status, r.error), (m, 400, -32020))
    eq(modern("tools/list", Mcp_Method="  tools/list\t").status, 200)
    c = Conn()
    c.send(build(rpc("tools/list", {"_meta": meta()}),
                 MCP_PROTOCOL_VERSION=MODERN, mcp_method="tools/list"))
    eq(c.reply().status, 200)


def m06_name_header():
    p = {"name": "echo", "arguments": {}}
    enc = base64.b64encode(b"echo").decode()
    for n in (None, "Echo", "echo2", "=?base64?%s" % enc, enc,
              "=?base64?!!!!?=", "=?base64?" + "A" * 300 + "?=", "=?base64??=",
              "=?base64?ZWNobwA=?="):
        r = modern("tools/call", p, Mcp_Name=n)
        eq((n, r.status, r.error), (n, 400, -32020))
    for n in ("echo", " echo ", "=?base64?%s?=" % enc):
        eq((n, modern("tools/call", p, Mcp_Name=n).status), (n, 200))


def m07_meta():
    full = meta()
    for drop in full:
        m = {k: v for k, v in full.items() if k != drop}
        r = modern("tools/list", m=m)
        eq((drop, r.status, r.error), (drop, 400, -32602))
    r = ask(rpc("tools/list"), MCP_Protocol_Version=MODERN,
            Mcp_Method="tools/list")
    eq((r.status, r.error), (400, -32602))
    r = modern("tools/list", m={KEY + "protocolVersion": 7,
                                KEY + "clientCapabilities": {}})
    eq((r.status, r.error), (400, -32602))


def m08_unknown_method():
    for m in ("initialize", "ping", "logging/setLevel", "resources/list",
              "resources/subscribe", "prompts/list", "subscriptions/listen",
              "completion/complete", "nothing", ""):
        r = modern(m, id="abc")
        eq((m, r.status, r.error, r.json["id"]), (m, 404, -32601, "abc"))
    r = ask(rpc("initialize", {"protocolVersion": MODERN}),
            MCP_Protocol_Version=MODERN)
    eq((r.status, r.error), (404, -32601))


def m09_no_sessions():
    r = modern("tools/list", Mcp_Session_Id="x", Last_Event_ID="7")
    eq(r.status, 200)
    assert "mcp-session-id" not in r.head
    r = ask(rpc("initialize", {"protocolVersion": "2025-11-25"}))
    assert "mcp-session-id" not in r.head


def m12_close_cancels():
    c = Conn()
    p = {"name": "slow", "arguments": {"seconds": 60}, "_meta": meta()}
    c.send(build(rpc("tools/call", p), MCP_Protocol_Version=MODERN,
                 Mcp_Method="tools/call", Mcp_Name="slow"))
    assert log_has("started")
    c.s.close()
    assert log_has("ended"), "the tool went on"


def m17_statuses():
    r = modern("tools/call", {"name": "nothing"})
    eq((r.status, r.error), (200, -32602))
    r = modern("tools/list", {"cursor": "x"})
    eq((r.status, r.error), (200, -32602))
    r = ask({"jsonrpc": "2.0", "id": 7, "result": {}},
            MCP_Protocol_Version=MODERN)
    eq(r.status, 400)
    eq(modern("notifications/cancelled", {"requestId": 1},
              id=None).status, 202)


# ---- legacy ----


def l01_initialize():
    for want, got in (("2025-06-18", "2025-06-18"),
                      ("2025-11-25", "2025-11-25"),
                      (MODERN, "2025-11-25"), ("2024-11-05", "2025-11-25"),
                      ("2025-03-26", "2025-11-25"), ("x", "2025-11-25")):
        r = ask(rpc("initialize", {"protocolVersion": want,
                                   "capabilities": {},
                                   "clientInfo": {"name": "t",
                                                  "version": "1"}})).result
        eq(r["protocolVersion"], got)
        eq(r["capabilities"], {"tools": {}})
        eq(r["serverInfo"]["name"], "aipod")
        assert r["serverInfo"]["version"]
    eq(ask(rpc("initialize")).error, -32602)


def l05_version_header():
    for v in ("1999-01-01", "2024-11-05", "", "2025-03-26"):
        s = ask(PING, MCP_Protocol_Version=v).status
        eq((v, s), (v, 200 if v == "" else 400))
    for v in ("2025-06-18", "2025-11-25", None):
        eq(ask(PING, MCP_Protocol_Version=v).status, 200)
        eq(ask(rpc("tools/list"), MCP_Protocol_Version=v).status, 200)


def l07_unknown_method():
    for m in ("server/discover", "resources/list", "nothing",
              "logging/setLevel", "tasks/get"):
        r = ask(rpc(m, id="x"))
        eq((m, r.status, r.error, r.json["id"]), (m, 200, -32601, "x"))


def l08_cancelled():
    for p in (None, {}, {"requestId": None}, {"requestId": {}},
              {"requestId": "nobody"}, {"requestId": 1e3}, {"requestId": ""}):
        eq(ask(rpc("notifications/cancelled", p, id=None)).status, 202)
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 60}}, "me"),
                 User_Agent="one"))
    assert log_has("started")
    stop = rpc("notifications/cancelled", {"requestId": "me"}, id=None)
    eq(ask(stop, User_Agent="another").status, 202)
    assert not log_has("ended", 1), "another client's cancel was heard"
    eq(ask(stop, User_Agent="one").status, 202)
    assert log_has("ended"), "the tool went on"
    eq(c.head()[0], 200)
    eq([e for e in events(c) if e is not None], [])


def l08_late_cancel():
    """Cancelling a call that has ended hits no other of the same id."""
    eq(call("echo", id=5).status, 200)
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 2}}, 5)))
    assert log_has("started")
    eq(ask(rpc("notifications/cancelled", {"requestId": 5}, id=None)).status,
       202)
    r = c.reply()
    assert b'"slept":2' in r.body, r.body


def l11_task():
    r = ask(rpc("tools/call", {"name": "echo", "arguments": {"a": 1},
                               "task": {"ttl": 1}})).result
    eq(r["structuredContent"], {"a": 1})


def p03_legacy_goes_on():
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 2}})))
    assert log_has("started")
    c.s.close()
    assert log_has("done"), "the tool was ended"
    assert not log_has("ended", 0.1)


# ---- JSON-RPC ----


def j01_ids():
    for i in (0, 1, -5, 2**53, 10**30, "", "x", "\u00e9\u2028\"\\", "1"):
        r = ask(rpc("ping", id=i))
        eq((r.status, r.json["id"], type(r.json["id"])), (200, i, type(i)))
    for i in ("null", "1.5", "1e3", "true", "[]", "{}", "[1]",
              '"' + "x" * 2000 + '"'):
        r = ask('{"jsonrpc":"2.0","method":"ping","id":%s}' % i)
        eq((i, r.status, r.error), (i, 400, -32600))
        assert "id" not in r.json


def j02_no_json():
    for b in (b"", b"x", b"{", b'{"a":}', b'{"a":1,}', b"[1 2]", b"\xff",
              b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', b"{}{}",
              b'{"jsonrpc":"2.0","id":1,"method":"ping","id":2}',
              b'\xef\xbb\xbf{}', b'{"jsonrpc":"2.0","id":"\\ud800"}',
              b'{"a\\u0000":1}', b"nul", b"NaN", b"'x'"):
        r = ask(b)
        eq((b, r.status, r.error), (b, 400, -32700))
        assert r.json.get("id") is None


def j03_bad_requests():
    for b in (b"[]", b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', b"1",
              b'"x"', b"null", b"true", b"{}", b'{"id":1,"method":"ping"}',
              b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
              b'{"jsonrpc":2.0,"id":1,"method":"ping"}',
              b'{"jsonrpc":"2.0","id":1}', b'{"jsonrpc":"2.0","id":1,'
              b'"method":null}', b'{"jsonrpc":"2.0","id":1,"result":1,'
              b'"error":{}}', b'{"jsonrpc":"2.0","id":1,"method":"ping",'
              b'"result":1}', b"[" * 100000 + b"]" * 100000,
              b'{"a":' + b"[0" + b",0" * 100000 + b"]}"):
        r = ask(b)
        eq((b[:60], r.status, r.error), (b[:60], 400, -32600))
        if b'"id":1' in b and b[:1] == b"{":
            eq((b, r.json["id"]), (b, 1))
    r = ask({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]})
    eq((r.status, r.error, r.json["id"]), (400, -32602, 1))


# ---- tools ----


def o01_list():
    tools = ask(rpc("tools/list")).result["tools"]
    names = [t["name"] for t in tools]
    eq(names, sorted(names))
    assert "echo" in names
    for t in tools:
        assert t["name"].replace("_", "a").isalnum() and len(t["name"]) <= 50
        assert t["description"]
        eq(t["inputSchema"]["type"], "object")
    eq(modern("tools/list").result["tools"], tools)


def o02_shipped():
    """Our own tools: closed schemas, all hints, output that is an object."""
    tools = {t["name"]: t for t in ask(rpc("tools/list")).result["tools"]}
    for name in ("run_command", "command_status", "stop_command",
                 "list_commands", "list_allowed_commands"):
        t = tools[name]
        eq(t["inputSchema"]["additionalProperties"], False)
        eq(t["outputSchema"]["type"], "object")
        for hint in ("readOnlyHint", "destructiveHint", "idempotentHint",
                     "openWorldHint"):
            assert isinstance(t["annotations"][hint], bool)


def o03_errors():
    r = call("nothing", id="x")
    eq((r.status, r.error, r.json["id"]), (200, -32602, "x"))
    for p in ({}, {"name": 1}, {"name": "echo", "arguments": []},
              {"name": "echo", "arguments": "x"}, None,
              {"name": "../echo"}, {"name": "echo\0"}):
        eq(ask(rpc("tools/call", p)).error, -32602)
    r = call("fails").result
    eq(r["isError"], True)
    eq(r["content"][0]["text"], "it is not allowed")
    eq(r["structuredContent"]["error"], "denied")


def o04_structured():
    args = {"a": [1, 2, {"b": None}], "t": "line\nline", "u": "\u00e9\u2028",
            "n": 12345678901234567890}
    r = call("echo", args).result
    eq(r["structuredContent"], args)
    eq(json.loads(r["content"][0]["text"]), args)
    eq(r["isError"], False)
    r = ask(rpc("tools/call", {"name": "echo"})).result
    eq(r["structuredContent"], {})
    r = ask('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
            '{"name":"echo","arguments":{"n":1e999}}}')
    assert b'{"n":1e999}' in r.body
    r = call("plain_text").result
    eq(r["structuredContent"], {"n": 1, "text": 'two\nlines "quoted"'})
    eq(r["content"], [{"type": "text", "text": 'two\nlines "quoted"'}])


def o04_large():
    args = {"a": "x" * 400000}
    eq(call("echo", args).result["structuredContent"], args)


def o06_broken():
    for status, say in ((0, "42"), (0, "[]"), (0, "x"), (0, ""),
                        (0, '{\\"a\\":1'), (2, "{}"), (111, "{}"),
                        (1, "x")):
        r = ask('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
                '{"name":"broken","arguments":{"say":"%s","status":%d}}}'
                % (say, status))
        eq((say, r.status, r.error), (say, 200, -32603))
    eq(call("noisy").error, -32603)


def stays(do=None):
    return call("stays", {"do": do} if do else {})


def s_stays():
    """A tool that stays answers call after call in one process."""
    first = stays().result["structuredContent"]
    for i in range(5):
        got = stays().result["structuredContent"]
        eq((got["n"], got["pid"]), (first["n"] + i + 1, first["pid"]))
    # arguments over several lines are one line to it
    r = ask('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
            '{"name":"stays","arguments":{\n"a":\r\n[1,\n2]}}}')
    got = r.result["structuredContent"]
    eq((got["got"], got["pid"]), ({"a": [1, 2]}, first["pid"]))
    long = "x" * 300000
    eq(call("stays", {"a": long}).result["structuredContent"]["got"],
       {"a": long})
    r = stays("fail").result
    eq((r["isError"], r["content"][0]["text"]), (True, "it is not allowed"))
    eq(stays().result["structuredContent"]["pid"], first["pid"])


def s_breaks():
    """What is no answer ends it and its call, and nothing else."""
    for do in ("die", "garbage", "status", "array", "twice", "close", "huge"):
        before = stays().result["structuredContent"]["pid"]
        r = stays(do)
        eq((do, r.status, r.error), (do, 200, -32603))
        after = stays().result["structuredContent"]
        if do == "array":    # a line is a line; what is in it is judged later
            eq(after["pid"], before)
        else:
            eq((do, after["n"], after["pid"] != before), (do, 1, True))
    # what nobody asked for is no answer to the next
    before = stays("more").result["structuredContent"]["pid"]
    time.sleep(1)
    eq(stays().result["structuredContent"]["n"], 1)
    assert not os.path.exists("/proc/%d" % before), "it was not ended"


def s_cancel():
    before = stays().result["structuredContent"]["pid"]
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "stays",
                                    "arguments": {"do": "hang"}}, "me")))
    assert log_has("started")
    other = stays().result["structuredContent"]
    assert other["pid"] != before, "a call waited for another one's end"
    eq(ask(rpc("notifications/cancelled", {"requestId": "me"},
               id=None)).status, 202)
    assert log_has("ended"), "the tool went on"
    eq(stays().result["structuredContent"]["pid"], other["pid"])


def s_many():
    """As many processes as are needed, and not more than there may be."""
    many = []
    for i in range(12):
        c = Conn()
        c.send(build(rpc("tools/call", {"name": "stays",
                                        "arguments": {"do": "wait"}}, i)))
        many.append(c)
    # plain or, after a second, the last event of a stream
    got = [json.loads(c.reply().body.decode().split("data: ")[-1])
           ["result"]["structuredContent"] for c in many]
    pids = set(g["pid"] for g in got)
    assert 2 <= len(pids) <= 4, pids
    # the server's others are not behind them
    eq(call("echo").status, 200)


def p01_progress():
    for token in ("0", "17", '"17"', '"a-b"'):
        c = Conn()
        c.send(build('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
                     '{"name":"slow","arguments":{"seconds":4},'
                     '"_meta":{"progressToken":%s}}}' % token))
        eq(c.head()[0], 200)
        got = [e for e in events(c) if e is not None]
        assert len(got) >= 2, got
        for i, e in enumerate(got[:-1]):
            eq(e["method"], "notifications/progress")
            eq(json.dumps(e["params"]["progressToken"]), token)
            eq(e["params"]["progress"], i + 1)
        assert "result" in got[-1]
        if token != "0":
            return


def p01_no_token():
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 4}})))
    eq(c.head()[0], 200)
    got = list(events(c))
    assert got.count(None) >= 2, got
    eq(len([e for e in got if e is not None]), 1)


# ---- other paths ----


def a02_paths():
    for p in ("/", "/mcp/", "/MCP", "//mcp", "/mcp/x", "/%6dcp", "/../mcp",
              "/.well-known/oauth-protected-resource",
              "/.well-known/oauth-authorization-server/mcp", "*",
              "/install/", "/install/.sh", "/install/shell",
              "/install/../shell.sh", "/install/SHELL.sh",
              "/install/nobody.sh", "/install/%2e%2e%2fx.sh",
              "/install/" + "a" * 33 + ".sh"):
        for method in ("GET", "POST"):
            r = ask("", method=method, path=p)
            want = 405 if method == "POST" and p == "/install/nobody.sh" \
                else 404
            eq((method, p, r.status), (method, p, want))


def plain_paths():
    r = ask("", method="GET", path="/health")
    eq((r.status, r.body), (200, b"ok\n"))
    r = ask("", method="GET", path="/version")
    assert r.body.startswith(b"aipod ")
    r = ask("", method="HEAD", path="/version")
    eq(r.status, 200)
    assert int(r.head["content-length"]) > 0
    r = ask("", method="GET", path="/install/tester.sh")
    eq((r.status, r.body), (200, b"#!/bin/sh\necho install tester\n"))


def notify():
    r = ask({"message": "done"}, path="/notify_user")
    eq((r.status, r.json), (200, {"got": {"message": "done"}}))
    r = ask("done, really\n\"\\", path="/notify_user",
            Content_Type="text/plain; charset=utf-8")
    eq(r.json, {"got": {"message": "done, really\n\"\\"}})
    r = ask(b"\xff<b>", path="/notify_user", Content_Type="text/plain")
    eq(r.json, {"got": {"message": "\ufffd<b>"}})
    for body in ("[]", "x", "", "1"):
        eq(ask(body, path="/notify_user").status, 400)
    eq(ask("x", path="/notify_user", Content_Type=None).status, 415)
    eq(ask("{}", path="/notify_user", Origin="http://evil").status, 403)


# ---- hostile bytes ----


def raw(data, status, closes=True):
    c = Conn()
    try:
        c.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass
    eq((data[:70], c.reply().status), (data[:70], status))
    if closes:
        assert c.closed()


def alive():
    eq(ask(PING).status, 200)


def h_syntax():
    post = "POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
    raw("\x16\x03\x01\x02\x00\x01\n", 400)
    raw("GET /health HTTP/1.1\r\n\r\n", 400)
    raw("GET /health HTTP/1.1\nHost: localhost\n\n", 400)
    raw("GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400)
    raw("GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n", 505)
    raw("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 400)
    raw("GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n", 400)
    raw(post + "Content-Length : 5\r\n\r\n", 400)
    raw(post + "X: a\r\n b\r\n\r\n", 400)
    raw(post + "X: a\0b\r\n\r\n", 400)
    raw(post + "Mcp-Method: a\r\nMcp-Method: b\r\n"
        "Content-Type: application/json\r\n\r\n", 400, closes=False)
    raw("GET /health HTTP/1.0\r\n\r\n", 400)
    raw("GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n", 200)
    raw("GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414)
    alive()


def h_sizes():
    start = "POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
    raw(start + "X: " + "a" * 1048576 + "\r\n\r\n", 431)
    raw(start + "X: y\r\n" * 100000 + "\r\n", 431)
    json_type = "Content-Type: application/json\r\n"
    for length, status in (("18446744073709551616", 400), ("-1", 400),
                           ("99999999999999999", 413), ("+5", 400),
                           ("0x5", 400), ("5,5", 400), ("", 400),
                           ("1048577", 413), ("5 5", 400)):
        raw(start + json_type + "Content-Length: %s\r\n\r\n{}" % length,
            status)
    alive()


def h_big_body():
    c = Conn()
    c.send(build("", Content_Length=str(64 * 1024 * 1024)))
    try:
        for _ in range(64):
            c.send(b"x" * 1024 * 1024)
    except (BrokenPipeError, ConnectionResetError):
        pass
    eq(c.reply().status, 413)
    c = Conn()
    c.send(build("", Content_Length=None, Transfer_Encoding="chunked"))
    try:
        for _ in range(64):
            c.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass
    eq(c.reply().status, 413)
    body = json.dumps(PING).encode()
    eq(ask(body + b" " * (1048576 - len(body))).status, 200)
    alive()


def h_smuggling():
    body = json.dumps(PING)
    both = build(body, Transfer_Encoding="chunked")
    raw(both, 400)
    raw(build(body, content_length="5"), 400)
    for te in ("gzip, chunked", "identity", "chunked, chunked", "xchunked",
               "chunked;x", "\"chunked\"", "chunked\x0b", ""):
        c = Conn()
        c.send(build(body, Content_Length=None, Transfer_Encoding=te))
        within((te, c.reply().status), ((te, 501), (te, 400)))
        assert c.closed()
    alive()


def chunked(*parts, **fields):
    c = Conn()
    c.send(build("", Content_Length=None, Transfer_Encoding="chunked",
                 **fields))
    for p in parts:
        c.send(p)
        time.sleep(0.02)
    return c


def h_chunks():
    body = json.dumps(PING).encode()
    every = [b"1\r\n%c\r\n" % b for b in body]
    eq(chunked(b"".join(every), b"0\r\n\r\n").reply().status, 200)
    size = b"%x" % len(body)
    for parts in ((size + b"\r\n" + body + b"\r\n0\r\n\r\n",),
                  (size, b"\r", b"\n", body[:5], body[5:], b"\r", b"\n0",
                   b"\r\n\r", b"\n"),
                  (b"000" + size + b";a=b;c=\"d\"\r\n", body,
                   b"\r\n0;x\r\nTrailer: x\r\n\r\n"),
                  (size.upper() + b"\r\n" + body + b"\r\n00\r\n\r\n",)):
        c = chunked(*parts)
        eq(c.reply().status, 200)
        c.send(build(PING))
        eq(c.reply().status, 200)
    for bad in (b"g\r\n", b"0x5\r\n", b"+5\r\n", b" 5\r\n", b"5 \r\n", b"\r\n",
                b"ffffffffffffffff\r\n", b"-1\r\n", b"5\nhello\r\n",
                b"2\r\n{}x\r\n", b"5;" + b"x" * 5000 + b"\r\n",
                b"0\r\n" + b"A: b\r\n" * 5000, b"0\r\n: x\r\n\r\n",
                b"1\r\n{\r\n0\r\n X\r\n\r\n"):
        c = chunked(bad)
        eq((bad[:20], c.reply().status), (bad[:20], 400))
        assert c.closed()
    eq(chunked(b"ffffffff\r\n").reply().status, 413)
    alive()


def h_trailers():
    """What stands in a trailer is no header."""
    body = json.dumps(rpc("tools/list", {"_meta": meta()})).encode()
    c = chunked(b"%x\r\n" % len(body) + body + b"\r\n0\r\n"
                b"MCP-Protocol-Version: 2026-07-28\r\n"
                b"Mcp-Method: tools/list\r\n\r\n")
    r = c.reply()
    eq((r.status, r.error), (400, -32020))


def h_pipelining():
    c = Conn()
    c.send(b"".join(build(rpc("ping", id=i)) for i in range(200)))
    for i in range(200):
        eq(c.reply().json["id"], i)
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 1}}, "a")) +
           build(rpc("ping", id="b")) + b"\r\n" + build("", method="GET",
                                                        path="/health"))
    eq(b'"id":"a"' in c.reply().body, True)
    eq(c.reply().json["id"], "b")
    eq(c.reply().body, b"ok\n")


def h_half_close():
    c = Conn()
    c.send(build(PING))
    c.s.shutdown(socket.SHUT_WR)
    eq(c.reply().status, 200)
    assert c.closed()
    c = Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 2}})))
    c.s.shutdown(socket.SHUT_WR)
    assert b'"slept":2' in c.reply().body
    assert c.closed()
    c = Conn()
    c.send(build(PING)[:-5])
    c.s.shutdown(socket.SHUT_WR)
    assert c.closed()


def h_expect():
    c = Conn()
    whole = build(PING, Expect="100-continue")
    head, body = whole.split(b"\r\n\r\n", 1)
    c.send(head + b"\r\n\r\n")
    eq(c.reply().status, 100)
    c.send(body)
    eq(c.reply().status, 200)
    c.send(build(PING, Expect="100-continue"))
    eq(c.reply().status, 200)
    eq(ask(PING, Expect="a-miracle").status, 417)
    c = Conn()
    c.send(build("", Expect="100-continue", Content_Length="2000000"))
    eq(c.reply().status, 413)


def h_close():
    c = Conn()
    c.send(build(PING, Connection="close"))
    r = c.reply()
    eq((r.status, r.head["connection"]), (200, "close"))
    assert c.closed()
    c = Conn()
    for b in build(PING):
        c.send(bytes([b]))
    eq(c.reply().status, 200)


def h_slow():
    """Half-open connections hinder nobody and are ended (-t 2)."""
    cs = []
    for i in range(200):
        c = Conn()
        c.send((b"", build(PING)[:40], build(PING)[:-3])[i % 3])
        cs.append(c)
    for _ in range(20):
        alive()
    drip = Conn()
    drip.send("POST /mcp HTTP/1.1\r\nX: ")
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end:
            drip.send("x")
            time.sleep(0.1)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert time.monotonic() < end, "a dripping client is kept for ever"
    for i, c in enumerate(cs):
        if i % 3 != 0:
            eq(c.reply().status, 408)
        assert c.closed()


def h_many():
    """More connections than there is room for: the oldest make room."""
    cs = [Conn() for _ in range(300)]
    alive()
    del cs


def h_no_reader():
    """Who asks and never reads is ended (-t 2)."""
    c = Conn()
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    big = build(rpc("tools/list")) * 2000
    c.s.settimeout(10)
    try:
        c.send(big)
        time.sleep(5)
        c.send(big)
    except (BrokenPipeError, ConnectionResetError):
        alive()
        return
    raise AssertionError("it was kept")


def h_floods():
    """Too many calls at once are refused, the rest are answered."""
    cs = []
    for i in range(112):
        c = Conn()
        c.send(build(rpc("tools/call", {"name": "slow",
                                        "arguments": {"seconds": 3}}, i)))
        cs.append(c)
    got = [c.reply() for c in cs]
    eq(len([r for r in got if r.status == 503]), 16)
    eq(len([r for r in got if b'"slept":3' in r.body]), 96)


def stop_ends_streams():
    """Wait in a call until the server ends: a JSON-RPC error comes."""
    quick, c = Conn(), Conn()
    c.send(build(rpc("tools/call", {"name": "slow",
                                    "arguments": {"seconds": 60}}, "s")))
    eq(c.head()[0], 200)
    quick.send(build(rpc("tools/call", {"name": "slow",
                                        "arguments": {"seconds": 60}}, "q")))
    time.sleep(0.3)
    print("waiting", flush=True)
    got = [e for e in events(c) if e is not None]
    eq((len(got), got[0]["error"]["code"], got[0]["id"]), (1, -32603, "s"))
    r = quick.reply()
    eq((r.status, r.error, r.json["id"]), (200, -32603, "q"))
    assert c.closed() and quick.closed()


def a01_token():
    good = os.environ.pop("MCP_TOKEN")
    for a in (None, "", "Bearer", "Bearer ", "Bearer x", "Basic " + good,
              good, "Bearer " + good + "x", "Bearer " + good[:-1],
              "Bearer " + good.upper()):
        r = ask(b"\xff not JSON", Authorization=a)
        eq((a, r.status), (a, 401))
        eq(r.head["www-authenticate"], 'Bearer realm="aipod"')
        eq(ask("", method="GET", Authorization=a).status, 401)
        eq(ask("{}", path="/notify_user", Authorization=a).status, 401)
    for a in ("Bearer " + good, "bearer  " + good):
        eq(ask(PING, Authorization=a).status, 200)
    eq(ask(PING, path="/mcp?access_token=" + good).status, 401)
    eq(ask(PING, Authorization="Bearer " + good,
           authorization="Bearer " + good).status, 401)
    eq(ask("", method="GET", path="/health").status, 200)
    eq(ask("", method="GET", path="/.well-known/x").status, 404)
    c = Conn()
    c.send(build(PING, Content_Length="100000000"))
    eq(c.reply().status, 401)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
