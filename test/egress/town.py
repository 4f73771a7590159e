"""A town for real clients: names below town.example whose addresses change
every second, and servers that serve nobody at an address of yesterday.
town.py DIR: DIR/www/NAME are the files of https://NAME.town.example/ and
http://, DIR/git the repositories below https://git.town.example/."""
import http.server
import os
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time

DIR = sys.argv[1]
POOL = [f"5.5.{i}.{j}" for i in (8, 9) for j in range(1, 251)]
OLD = 3        # seconds for which an address that was given is good


def turn():
    return int(time.monotonic())


def address(name, at):
    return POOL[(sum(name.encode()) * 7 + at) % len(POOL)]


class Dns(socketserver.BaseRequestHandler):
    def handle(self):
        q, s = self.request
        at, labels = 12, []
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
            at += q[at] + 1
        kind = struct.unpack(">H", q[at + 1:at + 3])[0]
        name = ".".join(labels)
        known = name.endswith(".town.example")
        found = [address(name, turn())] if known and kind == 1 else []
        out = q[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else 3), 1,
                                  len(found), 0, 0) + q[12:at + 5]
        for a in found:
            out += struct.pack(">HHHIH4B", 0xc00c, 1, 1, 0, 4,
                               *map(int, a.split(".")))
        s.sendto(out, self.client_address)


class Web(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def host(self):
        return (self.headers.get("Host") or "").split(":")[0]

    def translate_path(self, path):
        base = os.path.join(DIR, "www", self.host().split(".")[0])
        self.directory = base
        return super().translate_path(path)

    def stale(self):
        here = self.connection.getsockname()[0]
        if any(here == address(self.host(), turn() - i) for i in range(OLD)):
            return False
        with open(DIR + "/stale", "a") as f:
            print(here, self.host(), self.path, file=f)
        self.send_error(421)
        return True

    def git(self):
        path, _, query = self.path.partition("?")
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while True:
                n = int(self.rfile.readline(), 16)
                body += self.rfile.read(n)
                self.rfile.readline()
                if n == 0:
                    break
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        env = dict(os.environ, GIT_PROJECT_ROOT=DIR + "/git",
                   GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
                   QUERY_STRING=query, REQUEST_METHOD=self.command,
                   REMOTE_USER="town",
                   CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   HTTP_CONTENT_ENCODING=self.headers.get(
                       "Content-Encoding", ""),
                   GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        out = subprocess.run(["git", "http-backend"], input=body, env=env,
                             stdout=subprocess.PIPE, check=True).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        status = 200
        fields = []
        for line in head.decode().split("\r\n"):
            k, _, v = line.partition(": ")
            if k == "Status":
                status = int(v.split()[0])
            else:
                fields.append((k, v))
        self.send_response(status)
        for k, v in fields:
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    def do_GET(self):
        if self.stale():
            return
        if self.host() == "git.town.example":
            self.git()
        else:
            super().do_GET()

    def do_HEAD(self):
        if not self.stale():
            super().do_HEAD()

    def do_POST(self):
        if not self.stale():
            self.git()

    def log_message(self, *a):
        with open(DIR + "/log", "a") as f:
            print(self.host(), self.requestline, file=f)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *a):
        pass


class Tls(Server):
    """Names below town.example have a certificate, others none."""
    def finish_request(self, request, client):
        request.settimeout(20)
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for n in "one", "two":
            c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            c.load_cert_chain(f"{DIR}/{n}.pem", DIR + "/key.pem")
            self.ctx[n] = c
        ctx.load_cert_chain(DIR + "/one.pem", DIR + "/key.pem")

        def pick(s, name, _):
            s.context = self.ctx["two" if name == "two.town.example"
                                 else "one"]
        ctx.sni_callback = pick
        super().finish_request(ctx.wrap_socket(request, server_side=True),
                               client)
    ctx = {}


os.system("ip link set lo up; ip addr add 5.5.0.0/16 dev lo")
for s in socketserver.ThreadingUDPServer(("127.0.0.1", 53), Dns), \
        Server(("0.0.0.0", 80), Web), Tls(("0.0.0.0", 443), Web):
    threading.Thread(target=s.serve_forever, daemon=True).start()
if os.path.exists(DIR + "/sshd_config"):
    os.makedirs("/run/sshd", exist_ok=True)
    subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f",
                      DIR + "/sshd_config"], stdin=subprocess.DEVNULL)
open(DIR + "/ready", "w").close()
threading.Event().wait()
