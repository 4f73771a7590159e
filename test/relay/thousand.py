"""thousand.py NAME COUNT [ORPHANS]: COUNT connections to NAME at once, each used
twice; prints the largest resident set of a relay process in kB.  With ORPHANS,
as many end all at once between two turns, three times; prints how many of those
were still there, be it as zombies, TURNS turns later."""
import glob
import os
import socket
import sys

TURNS = 50
name, count = sys.argv[1], int(sys.argv[2])
orphans = int(sys.argv[3]) if len(sys.argv) > 3 else 0
turns = 0


def turn():
    global turns
    for i, s in enumerate(socks):
        s.sendall(b"%d.%d\n" % (turns, i))
    for i, s in enumerate(socks):
        want = b"%d.%d\n" % (turns, i)
        got = b""
        while len(got) < len(want):
            part = s.recv(100)
            assert part, (turns, i)
            got += part
        assert got == want, (got, want)
    turns += 1


def bear(n):
    """n processes of PID 1 that end when a descriptor is closed; it, their ids."""
    wait, end = os.pipe()
    told, tell = os.pipe()
    for _ in range(n):
        pid = os.fork()
        if pid == 0:
            if os.fork() == 0:
                os.close(end)
                os.write(tell, b"%d\n" % os.getpid())
                os.close(tell)
                os.read(wait, 1)
            os._exit(0)
        os.waitpid(pid, 0)
    os.close(tell)
    os.close(wait)
    with os.fdopen(told) as f:
        return end, [int(line) for line in f]


def state(pid):
    try:
        words = open("/proc/%d/stat" % pid).read().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return words[2], words[3]


litters = [bear(orphans) for _ in range(3 if orphans else 0)]
socks = [socket.create_connection((name, 443), 20) for _ in range(count)]
turn()
turn()
left = 0
for end, pids in reversed(litters):     # the later ones hold the earlier's
    assert [state(pid) for pid in pids] == [("S", "1")] * orphans
    os.close(end)
    for _ in range(TURNS):
        turn()
        here = [pid for pid in pids if state(pid) is not None]
        if not here:
            break
    left += len(here)
top = 0
for comm in glob.glob("/proc/[0-9]*/comm"):
    if open(comm).read() != "aipod-relay\n":
        continue
    for line in open(comm[:-4] + "status"):
        if line.startswith("VmHWM:"):
            top = max(top, int(line.split()[1]))
print(left if orphans else top)
