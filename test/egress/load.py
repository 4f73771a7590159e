"""load.py SOCKET NAME:PORT many N PID | rotate N TURNS | push BYTES"""
import os
import socket
import sys


def connect(path, target):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(path)
    s.sendall(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n"
              % (target.encode(), target.encode()))
    return s


def answer(s):
    b = b""
    while b"\r\n\r\n" not in b:
        more = s.recv(1)
        if not more:
            break
        b += more
    if not b.startswith(b"HTTP/1.1 200"):
        raise SystemExit(b.decode("latin-1") + s.recv(4096).decode())
    return s


def rss(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Rss:"):
            return int(line.split()[1])


def many(path, target, n, pid):
    before = rss(pid)
    conns = [connect(path, target) for i in range(n)]
    for s in conns:
        answer(s)
    for i, s in enumerate(conns):
        s.sendall(b"%05d" % i)
    for i, s in enumerate(conns):
        got = b""
        while len(got) < 5:
            got += s.recv(5)
        assert got == b"%05d" % i
    print("connections", n, "kB", rss(pid), "before", before)
    for s in conns:
        s.close()


def rotate(path, target, n, turns):
    fresh = 0
    for i in range(n):
        if i % (n // turns) == 0:
            c = socket.create_connection(("127.0.0.1", 5300))
            c.sendall(b"rotate")
            c.recv(10)
            c.close()
        s = answer(connect(path, target))
        fresh += s.recv(10) == b"fresh\n"
        s.close()
    print("fresh", fresh, "of", n)


def push(path, target, size):
    s = answer(connect(path, target))
    block, left = os.urandom(65536), size
    while left:
        left -= s.send(block[:min(left, len(block))])
    s.shutdown(socket.SHUT_WR)
    print(s.recv(100).decode().strip())


path, target, what = sys.argv[1:4]
args = [int(a) for a in sys.argv[4:]]
{"many": many, "rotate": rotate, "push": push}[what](path, target, *args)
