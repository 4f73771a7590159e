"""takes.py SOCKET: an aipod-egress that takes clients over and sends back what
they send, with the head in front."""
import array
import os
import socket
import sys
import threading

path = sys.argv[1]


def serve(c, head, ch):
    c.setblocking(True)
    c.sendall(head.split(b"\r\n")[0] + b"\n")
    while True:
        b = c.recv(65536)
        if not b:
            break
        c.sendall(b)
    c.close()
    ticket = head.split(b"Ticket: ")[1].split(b"\r\n")[0]
    ch.sendall(ticket + b"\n")


def channel(ch):
    while True:
        head, anc, _, _ = ch.recvmsg(4096, socket.CMSG_SPACE(4))
        if not anc:
            return
        fd = array.array("i", anc[0][2])[0]
        threading.Thread(target=serve, daemon=True,
                         args=(socket.socket(fileno=fd), head, ch)).start()


s = socket.socket(socket.AF_UNIX)
s.bind(path + ".new")
s.listen(100)
os.rename(path + ".new", path)
while True:
    threading.Thread(target=channel, args=(s.accept()[0],),
                     daemon=True).start()
