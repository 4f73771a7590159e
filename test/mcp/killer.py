#!/usr/bin/env python3
"""killer.py command|host ROUNDS: ask a server for commands or hosts, say always
to each, and kill -9 the server, the tool, the approver or the supervisor at a
random time.  Then nothing may be lost: see check_*.  Uses T, PATH and so on as
the test sets them.
"""
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

T, WS = os.environ["T"], os.path.join(os.environ["T"], "ws")
TOKEN = "0123456789abcdef"


def sh(*v):
    return subprocess.run(v, cwd=WS, capture_output=True, text=True)


HASH = sh("aipod-hash", WS).stdout.strip()
STATE = os.path.join(os.environ["XDG_STATE_HOME"], "aipod", HASH)


class Commands:
    who = ("server", "parser", "tool", "approver", "supervisor")
    ends_it = ("server", "parser")

    def start(self):
        self.p = subprocess.Popen(
            ["aipod-mcpd", "-q", "-l", "127.0.0.1:0", "-w", WS],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=dict(os.environ, AIPOD_TOKEN=TOKEN))
        self.port = int(re.search(r":(\d+)/", self.p.stdout.readline())[1])

    def call(self, n):
        command = "sleep 0.0%d; echo %d" % (random.randrange(1, 9), n)
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            c.request("POST", "/mcp", json.dumps({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": "run_command",
                           "arguments": {"command": command}}}),
                {"Content-Type": "application/json",
                 "Authorization": "Bearer " + TOKEN})
            c.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass        # it was killed: that is the point
        finally:
            c.close()

    def victims(self, who):
        if who == "server":
            return [self.p.pid]
        if who == "parser":
            return below(self.p.pid, "aipod-mcpd")
        if who == "tool":
            return [p for p in children(self.p.pid)
                    if named(p) == "aipod-command"]
        if who == "approver":
            return below(self.p.pid, "aipod-approve")
        return supervisors()


class Hosts:
    who = ("server", "helper", "approver")
    ends_it = ("server", "helper")

    def start(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
            self.p = subprocess.Popen(
                ["aipod-egress", "-q", "-s", str(s.fileno()), "-w", WS],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                pass_fds=[s.fileno()])

    def call(self, n):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 3) as s:
                name = b"n%d.d%d.site.example:443" % (n, n)
                s.sendall(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (
                    name, name))
                s.recv(100)
        except OSError:
            pass

    def victims(self, who):
        if who == "server":
            return [self.p.pid]
        return below(self.p.pid,
                     "aipod-egress" if who == "helper" else "aipod-approve")


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def named(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return ""


def below(pid, name):
    found = []
    for c in children(pid):
        if named(c) == name:
            found.append(c)
        found += below(c, name)
    return found


def supervisors():
    found = []
    top = os.path.join(STATE, "commands")
    for d, _, files in os.walk(top):
        if "pid" in files and "exit" not in files:
            try:
                with open(os.path.join(d, "pid")) as f:
                    found.append(int(f.read()))
            except (OSError, ValueError):
                pass
    return [p for p in found if named(p) == "aipod-command"]


def forget_recent():
    """The throttle is not what is tested here."""
    top = os.path.join(os.environ["XDG_RUNTIME_DIR"], "aipod", HASH)
    for d, _, files in os.walk(top):
        if "recent" in files:
            try:
                os.unlink(os.path.join(d, "recent"))
            except OSError:
                pass


def play(server, rounds):
    killed = dict.fromkeys(server.who, 0)
    server.start()
    for i in range(rounds):
        who = server.who[i % len(server.who)]
        threads = [threading.Thread(target=server.call, args=(3 * i + k,))
                   for k in range(3)]
        for t in threads:
            t.start()
        end = time.monotonic() + 3
        time.sleep(random.uniform(0, 0.15))
        while not (v := server.victims(who)) and time.monotonic() < end and \
                any(t.is_alive() for t in threads):
            time.sleep(0.003)
        if v:
            try:
                os.kill(random.choice(v), signal.SIGKILL)
                killed[who] += 1
            except ProcessLookupError:
                pass
        for t in threads:
            t.join()
        if server.p.poll() is not None or who in server.ends_it:
            server.p.kill()
            server.p.wait()
            server.p.stdout.close()
            server.start()
        forget_recent()
    server.p.terminate()
    server.p.wait()
    return killed


def until(what, why):
    for _ in range(600):
        if what():
            return
        time.sleep(0.1)
    sys.exit(why())


def check_rules(kind):
    trail = sh("aipod-log", "-k", kind).stdout.splitlines()
    with open(os.path.join(T, "said")) as f:
        said = set(f.read().splitlines())
    # an answer that was taken is in the trail, and then there is its rule
    taken = {l[5] for l in (t.split("\t") for t in trail)
             if l[3].startswith("always")}
    said &= taken
    assert said, "nobody was asked"

    lost = [s for s in said
            if sh("aipod-allow", "-q", "check", kind, s).returncode != 0]
    assert not lost, "rules lost: %s" % lost
    for v in (("aipod-allow", "-C"), ("aipod-log", "verify")):
        r = sh(*v)
        assert r.returncode == 0, (v, r)
    return len(said)


def check_ends():
    def unended():
        out = sh("aipod-command", "list").stdout.splitlines()
        return [l for l in out if l.split("\t")[1] == "running"]
    until(lambda: not unended(), lambda: "never ended: %s" % unended())
    listed = {l.split("\t")[0]
              for l in sh("aipod-command", "list").stdout.splitlines()}
    top = os.path.join(STATE, "commands")

    def endless():
        return [d for d, _, files in os.walk(top)
                if "started" in files and "exit" not in files]
    until(lambda: not endless(), lambda: "no end: %s" % endless())
    for d, _, files in os.walk(top):
        if "started" in files:
            assert "exit" in files, "no end: " + d
            with open(os.path.join(d, "exit")) as f:
                text = f.read()
            assert re.fullmatch(r"\d+\t[a-z]+\t[^\t\n]+\n", text), (d, text)
            assert os.path.basename(d) in listed, "not listed: " + d
    return len(listed)


def main():
    kind, rounds = sys.argv[1], int(sys.argv[2])
    killed = play(Commands() if kind == "command" else Hosts(), rounds)
    rules = check_rules(kind)
    print("%d rounds; killed: %s; %d rules, %d commands" % (
        rounds, " ".join("%s %d" % k for k in killed.items()), rules,
        check_ends()))
    for who, n in killed.items():
        assert n > 0, "no %s was ever hit" % who


main()
