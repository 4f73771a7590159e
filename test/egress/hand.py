"""hand.py SOCKET PID: hand clients over to the aipod-egress PID as a relay
does, and as one that means harm would, and see what becomes of them."""
import array
import os
import socket
import struct
import sys
import time

path, pid = sys.argv[1], sys.argv[2]
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(10)


def channel():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    return s


def pair():
    """A client, and the socket that a relay has accepted it on."""
    c = socket.create_connection(listener.getsockname(), 10)
    return c, listener.accept()[0]


def send(ch, target, ticket, *socks, head=None):
    if head is None:
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n" \
            f"Ticket: {ticket}\r\n\r\n"
    fds = array.array("i", [s.fileno() for s in socks])
    ch.sendmsg([head.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
               if socks else [])


def hand(ch, target, ticket):
    c, a = pair()
    send(ch, target, ticket, a)
    a.close()
    return c


def read(c):
    b = b""
    while True:
        try:
            more = c.recv(65536)
        except ConnectionResetError:
            return b, "reset"
        if not more:
            return b, "end"
        b += more


def descriptors():
    return len(os.listdir(f"/proc/{pid}/fd"))


def gone(ch):
    try:
        return ch.recv(100) == b""
    except ConnectionResetError:
        return True


def until(what):
    for _ in range(200):
        if what():
            return
        time.sleep(0.05)
    raise SystemExit("it does not come to pass")


GOOD = "a.site.example:7000"
ch = channel()
c = hand(ch, GOOD, 7)
c.sendall(b"x" * 100000)
c.shutdown(socket.SHUT_WR)
print("counted", *read(c))
print("ticket", ch.recv(10))
print("443", *read(hand(ch, "denied.example:443", 8)))
body, how = read(hand(ch, "denied.example:80", 9))
print("80", body.split(b"\r\n")[0], how, b"why: no rule" in body)
got = b""
while got.count(b"\n") < 2:
    got += ch.recv(10)
print("tickets", sorted(got.split()))
before = descriptors()

# the socket is kept open here, without O_NONBLOCK, and is to linger
c, a = pair()
a.setblocking(True)
a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1000))
send(ch, "a.site.example:7001", 10, a)
c.sendall(b"echo")
print("shared", c.recv(10))
c.shutdown(socket.SHUT_WR)
print("ticket", ch.recv(10))
c.close()
a.close()
c, a = pair()
send(ch, "a.site.example:7002", 11, a)
until(lambda: c.recv(65536))
a.shutdown(socket.SHUT_RDWR)
c.close()
print("ticket", ch.recv(10))
a.close()
# the same, while nobody reads; others are served on
c, a = pair()
send(ch, "a.site.example:7002", 12, a)
until(lambda: c.recv(1 << 20))
a.setblocking(True)
time.sleep(0.5)
d = hand(ch, "a.site.example:7001", 13)
d.sendall(b"on")
print("others", d.recv(10))
d.close()
c.settimeout(1)
try:
    while c.recv(1 << 20):
        pass
except TimeoutError:
    pass
c.close()
a.close()
got = b""
while got.count(b"\n") < 2:
    got += ch.recv(10)
print("tickets", sorted(got.split()))
until(lambda: descriptors() <= before)

# what is no client; each time the channel is closed and nothing is kept
before = descriptors() - 1
ch.close()
u1, u2 = socket.socketpair()
with open("/dev/null") as f:
    for bad in [f], [u1], [u1, u2], [u2, listener], [socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM)]:
        ch = channel()
        send(ch, GOOD, 1, *bad)
        if not gone(ch):
            raise SystemExit(f"{bad} was taken")
c, a = pair()
for head in "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT ", "\r\n", \
        "GET http://a.site.example/ HTTP/1.1\r\nHost: a.site.example\r\n\r\n", \
        "CONNECT a.site.example:7000 HTTP/1.1\r\n\r\n":
    c, a = pair()
    ch = channel()
    send(ch, "", 0, a, head=head)
    a.close()
    if read(c)[0] != b"":
        raise SystemExit(f"{head} was answered")
    ch.close()
# nothing attached to the second, and more than is taken
ch = channel()
c = hand(ch, GOOD, 2)
send(ch, GOOD, 3)
c.shutdown(socket.SHUT_WR)
print("alone", *read(c), gone(ch))
ch = channel()
c = hand(ch, GOOD, 2)
c2, a2 = pair()
send(ch, "", 0, a2, head="CONNECT " + "x" * 3000)
a2.close()
print("long", *read(c2), gone(ch))
c.close()
# of channels there are few
many = [channel() for _ in range(40)]
kept = [hand(m, "a.site.example:7001", 1) for m in many]
served = 0
for k in kept:
    try:
        k.sendall(b"y")
        served += k.recv(1) == b"y"
    except OSError:
        pass
print("served", served)
for m in many + kept:
    m.close()
until(lambda: descriptors() <= before)
print("left", descriptors() <= before)
