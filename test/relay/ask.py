"""ask.py [-t] NAME [TYPE]: ask 127.0.0.1 a DNS query, over TCP with -t; print
the code and the records of the answer."""
import socket
import struct
import sys

TYPES = {"A": 1, "PTR": 12, "AAAA": 28, "HTTPS": 65, "SVCB": 64, "MX": 15,
         "ANY": 255}


def encode(name):
    out = b""
    for label in name.rstrip(".").split("."):
        out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def exchange(query, tcp):
    if not tcp:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(5)
        s.connect(("127.0.0.1", 53))
        s.send(query)
        return s.recv(4096)
    s = socket.create_connection(("127.0.0.1", 53), 5)
    for byte in struct.pack("!H", len(query)) + query:
        s.send(bytes([byte]))
    f = s.makefile("rb")
    return f.read(struct.unpack("!H", f.read(2))[0])


def ask(name, kind="A", tcp=False):
    query = struct.pack("!HHHHHH", 4660, 0x100, 1, 0, 0, 0) + encode(name) + \
        struct.pack("!HH", TYPES[kind], 1)
    answer = exchange(query, tcp)
    ident, flags, _, count, _, _ = struct.unpack("!HHHHHH", answer[:12])
    assert ident == 4660 and flags & 0x8080 == 0x8080
    assert answer[12:len(query)] == query[12:]
    out, at = [str(flags & 15)], len(query)
    for _ in range(count):
        _, rtype, _, ttl, size = struct.unpack("!HHHIH", answer[at:at + 12])
        data = answer[at + 12:at + 12 + size]
        at += 12 + size
        if rtype == 1:
            out.append(socket.inet_ntoa(data))
        elif rtype == 12:
            labels = []
            while data[0]:
                labels.append(data[1:1 + data[0]].decode())
                data = data[1 + data[0]:]
            out.append(".".join(labels))
        assert ttl <= 5
    assert at == len(answer)
    return " ".join(out)


if __name__ == "__main__":
    args = sys.argv[1:]
    tcp = args[0] == "-t"
    print(ask(*args[tcp:], tcp=tcp))
