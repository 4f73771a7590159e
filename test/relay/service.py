"""service.py RUNDIR NAME [STEP ...]: sit at a service's socket and answer each
connection that watches with the next step, decoded; `serve' answers ports
properly, with an echo behind them."""
import codecs
import os
import socket
import sys
import threading

path = os.path.join(sys.argv[1], "svc-%s.sock" % sys.argv[2])
steps = sys.argv[3:]
server = socket.socket(socket.AF_UNIX)
server.bind(path + ".new")
server.listen(100)
os.rename(path + ".new", path)


def line(conn):
    got = b""
    while not got.endswith(b"\n"):
        c = conn.recv(1)
        if not c:
            break
        got += c
    return got.decode().strip()


def attend(conn):
    word = line(conn)
    if word != "watch":
        if word == "666":
            conn.sendall(b"nonsense")
        elif word == "667":
            conn.sendall(b"no\n")
        elif word != "668":
            conn.sendall(b"ok\n")
            while True:
                data = conn.recv(65536)
                if not data:
                    break
                conn.sendall(data)
        conn.close()
        return
    step = steps.pop(0) if len(steps) > 1 else steps[0]
    try:
        conn.sendall(codecs.decode(step, "unicode_escape").encode("latin-1"))
        while line(conn):
            print("have", flush=True)
    except OSError:
        pass
    conn.close()


while True:
    threading.Thread(target=attend, args=(server.accept()[0],), daemon=True).start()
