"""thousand.py NAME COUNT: COUNT connections to NAME at once, each used twice;
prints the largest resident set of a relay process in kB."""
import glob
import socket
import sys

name, count = sys.argv[1], int(sys.argv[2])
socks = [socket.create_connection((name, 443), 20) for _ in range(count)]
for turn in range(2):
    for i, s in enumerate(socks):
        s.sendall(b"%d.%d\n" % (turn, i))
    for i, s in enumerate(socks):
        want = b"%d.%d\n" % (turn, i)
        got = b""
        while len(got) < len(want):
            part = s.recv(100)
            assert part, (turn, i)
            got += part
        assert got == want, (got, want)
top = 0
for comm in glob.glob("/proc/[0-9]*/comm"):
    if open(comm).read() != "aipod-relay\n":
        continue
    for line in open(comm[:-4] + "status"):
        if line.startswith("VmHWM:"):
            top = max(top, int(line.split()[1]))
print(top)
