"""A small Internet for one network namespace: names that are answered in odd
ways, an HTTP and a TLS server that tell what they were asked, a server that
counts, and addresses that change under a name.  lab.py DIR"""
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading

DIR = sys.argv[1]
PUBLIC, PUBLIC6 = "5.5.5.5", "2a00:5::5"
A, AAAA = 1, 28
ROT = [f"5.5.6.{i}" for i in range(1, 101)]
state = {"rot": 0, "rebind": 0}
NAMES = {
    "six.example": {AAAA: [PUBLIC6]},
    "both.example": {A: [PUBLIC], AAAA: ["2a00:6::1", "2a00:6::2"]},
    "private.example": {A: ["10.1.2.3"]},
    "loop.example": {A: ["127.0.0.1"]},
    "loop6.example": {AAAA: ["::1"]},
    "meta.example": {A: ["169.254.169.254"]},
    "mapped.example": {AAAA: ["::ffff:127.0.0.1"]},
    "nat64.example": {AAAA: ["64:ff9b::7f00:1"]},
    "sixtofour.example": {AAAA: ["2002:7f00:1::"]},
    "cgnat.example": {A: ["100.64.0.1"]},
    "ula.example": {AAAA: ["fd00::1"]},
    "zero.example": {A: ["0.0.0.0"]},
    "multi.example": {A: ["224.0.0.1"]},
    "mixed.example": {A: ["10.1.2.3", PUBLIC]},
    "dead.example": {A: ["5.5.5.99"]},
}


def lookup(name, kind):
    if name == "rot.example":
        return [ROT[state["rot"]]] if kind == A else []
    if name == "rebind.example":
        if kind != A:
            return []
        state["rebind"] += 1
        return [PUBLIC if state["rebind"] == 1 else "127.0.0.1"]
    if name in NAMES:
        return NAMES[name].get(kind, [])
    if name == "site.example" or name.endswith(".site.example"):
        return [PUBLIC] if kind == A else []
    return None


def reply(q):
    at, labels = 12, []
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode("latin-1").lower())
        at += q[at] + 1
    kind = struct.unpack(">H", q[at + 1:at + 3])[0]
    found = lookup(".".join(labels), kind)
    head = q[:2] + struct.pack(">HHHHH", 0x8180 | (3 if found is None else 0),
                               1, len(found or []), 0, 0)
    out = head + q[12:at + 5]
    for a in found or []:
        data = socket.inet_pton(
            socket.AF_INET if kind == A else socket.AF_INET6, a)
        out += struct.pack(">HHHIH", 0xc00c, kind, 1, 1, len(data)) + data
    return out


class Dns(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(reply(self.request[0]), self.client_address)


def head(s):
    b = b""
    while b"\r\n\r\n" not in b:
        more = s.recv(4096)
        if not more:
            return None, b""
        b += more
    h, rest = b.split(b"\r\n\r\n", 1)
    return h.decode("latin-1"), rest


class Http(socketserver.BaseRequestHandler):
    """Tells what it was asked; keeps the connection."""
    name = ""

    def handle(self):
        rest = b""
        while True:
            h, more = head(self.request)
            if h is None:
                return
            n = 0
            for line in h.split("\r\n"):
                if line.lower().startswith("content-length:"):
                    n = int(line.split(":")[1])
            chunked = "chunked" in h.lower()
            while len(more) < n or (chunked and
                                    not more.endswith(b"0\r\n\r\n")):
                got = self.request.recv(65536)
                if not got:
                    return
                more += got
            body = f"at {self.request.getsockname()[0]}" \
                f" sni {self.sni()}\n{h}\n\n".encode() + more
            self.request.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                + body)
            if "connection: close" in h.lower():
                return

    def sni(self):
        return "-"


class Tls(Http):
    def handle(self):
        if not self.request.recv(1, socket.MSG_PEEK):
            return
        names = []
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(DIR + "/cert.pem", DIR + "/key.pem")
        ctx.sni_callback = lambda s, n, c: names.append(n) and None
        try:
            self.request = ctx.wrap_socket(self.request, server_side=True)
        except OSError as e:
            with open(DIR + "/tls.log", "a") as f:
                print("bytes that are no handshake:", e, file=f)
            return
        self.names = names
        super().handle()

    def sni(self):
        return self.names[0] if self.names else "none"


class Count(socketserver.BaseRequestHandler):
    """Reads to the end, then tells how much it was."""
    def handle(self):
        n = 0
        while True:
            b = self.request.recv(65536)
            if not b:
                break
            n += len(b)
        self.request.sendall(b"%d\n" % n)


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            b = self.request.recv(65536)
            if not b:
                return
            self.request.sendall(b)


class Flood(socketserver.BaseRequestHandler):
    """Sends until nobody takes it."""
    def handle(self):
        sent = 0
        try:
            while sent < 200_000_000:
                self.request.sendall(b"x" * 65536)
                sent += 65536
        except OSError:
            pass


class Rot(socketserver.BaseRequestHandler):
    def handle(self):
        a = self.request.getsockname()[0]
        fresh = a == ROT[state["rot"]]
        self.request.sendall(b"fresh\n" if fresh else b"stale\n")


class Control(socketserver.BaseRequestHandler):
    def handle(self):
        if self.request.recv(100).startswith(b"rotate"):
            state["rot"] = (state["rot"] + 1) % len(ROT)
        self.request.sendall(b"%d\n" % state["rot"])


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024


class Server6(Server):
    address_family = socket.AF_INET6


def run(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


os.system("ip link set lo up; ip addr add 5.5.0.0/16 dev lo;"
          "ip -6 addr add 2a00:5::5/128 dev lo nodad;"
          "ip addr add 10.1.2.3/32 dev lo;"
          "ip addr add 169.254.169.254/32 dev lo;"
          "ip link add d0 type dummy; ip link set d0 up;"
          "ip -6 route add 2a00:6::/64 dev d0;"
          "sysctl -qw net.core.somaxconn=4096 2>/dev/null;"
          "sysctl -qw net.ipv4.tcp_fin_timeout=1 2>/dev/null")
run(socketserver.ThreadingUDPServer(("127.0.0.1", 53), Dns))
for a in PUBLIC, "127.0.0.1", "10.1.2.3", "169.254.169.254":
    run(Server((a, 80), Http))
run(Server6((PUBLIC6, 80), Http))
run(Server((PUBLIC, 443), Tls))
run(Server((PUBLIC, 7000), Count))
run(Server((PUBLIC, 7001), Echo))
run(Server((PUBLIC, 7002), Flood))
run(Server(("127.0.0.1", 7001), Echo))
run(Server(("0.0.0.0", 7003), Rot))
run(Server(("127.0.0.1", 5300), Control))
open(DIR + "/ready", "w").close()
threading.Event().wait()
