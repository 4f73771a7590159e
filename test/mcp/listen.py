#!/usr/bin/env python3
"""listen.py WHERE PROGRAM ARGS...: bind a socket (a path, or a port of
127.0.0.1) and become the program, which is given -s FD."""
import os
import socket
import sys

where = sys.argv[1]
if where.isdigit():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(where)))
else:
    s = socket.socket(socket.AF_UNIX)
    s.bind(where)
s.listen(128)
s.set_inheritable(True)
os.execvp(sys.argv[2], [sys.argv[2], "-s", str(s.fileno())] + sys.argv[3:])
