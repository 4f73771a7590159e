"""serve.py SOCKET PROGRAM ARGS...: run PROGRAM with -s FD, a listening socket."""
import os
import socket
import sys

path = sys.argv[1]
if os.path.exists(path):
    os.unlink(path)
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(1024)
os.set_inheritable(s.fileno(), True)
argv = sys.argv[2:]
os.execvp(argv[0], argv[:1] + ["-s", str(s.fileno())] + argv[1:])
