"""answers.py FILE PORT...: a server of HTTP on the host's loopback that writes
down the first line of all that it hears, when it hears it."""
import socket
import sys
import threading


def one(c, port):
    try:
        while True:
            data = c.recv(65536)
            if not data:
                break
            with open(sys.argv[1], "ab") as f:
                f.write(b"%d %s\n" % (port, data.split(b"\r\n")[0]))
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    except OSError:
        pass


def serve(s, port):
    while True:
        threading.Thread(target=one, args=(s.accept()[0], port)).start()


for port in map(int, sys.argv[2:]):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen(50)
    threading.Thread(target=serve, args=(s, port)).start()
open(sys.argv[1], "w").close()
