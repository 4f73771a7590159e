"""A box that holds nothing back: whatever aipod-attack asks for is there."""
import os
import socket
import threading
import time

RUN = "/run/aipod/"


def answering(s, text):
    def serve():
        while True:
            c = s.accept()[0]
            threading.Thread(target=one, args=(c,), daemon=True).start()

    def one(c):
        try:
            c.sendall(text(c.recv(65536)))
        except OSError:
            pass
        c.close()
    threading.Thread(target=serve, daemon=True).start()


def taking(s):
    """As answering, and whoever is handed over is granted all, too."""
    def serve():
        while True:
            c = s.accept()[0]
            threading.Thread(target=one, args=(c,), daemon=True).start()

    def one(c):
        try:
            data, fds, _, _ = socket.recv_fds(c, 65536, 1)
            while fds:
                client = socket.socket(fileno=fds[0])
                client.sendall(yes(data))
                threading.Thread(target=on, args=(client,), daemon=True).start()
                data, fds, _, _ = socket.recv_fds(c, 65536, 1)
            c.sendall(yes(data))
        except OSError:
            pass
        c.close()

    def on(client):
        while client.recv(65536):
            client.sendall(yes(b""))
    threading.Thread(target=serve, daemon=True).start()


def unix(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(50)
    return s


def yes(b):
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" \
        b"Content-Length: 45\r\n\r\n" \
        b'{"jsonrpc":"2.0","id":1,"result":{"ok":true}}'


def tcp(port):
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    s.listen(50)
    return s


def dns(s):
    while True:
        q, who = s.recvfrom(4096)
        s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0" + q[12:] +
                 b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4", who)


open(RUN + "hosts", "w").write("mode open\nallow www.example.com 443\n"
                               "allow www.example.com 80\n")
taking(unix(RUN + "egress.sock"))
os.mkdir("/run/other")
answering(unix("/run/other/egress.sock"), yes)
if os.fork() == 0:
    os.chroot(RUN)
    while True:
        time.sleep(100)
answering(unix(RUN + "mcp.sock"), yes)
answering(unix(RUN + "ask.sock"), yes)
answering(unix("\0/tmp/.X11-unix/X0"), yes)
for port in 22, 53, 80, 443, 631, 853, 7822:
    answering(tcp(port), yes)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 53))
open(RUN + "ready", "w").close()
dns(u)
