"""ech.py NAME [SNI]: CONNECT NAME:443 at the proxy and begin TLS with a
ClientHello that asks for SNI (none: for none) and has an encrypted one beside
it, as RFC 9849 has it.  Prints what comes back: tls, or what it is."""
import os
import socket
import ssl
import struct
import sys


def hello(sni):
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(into, out, server_hostname=sni)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def with_ech(record):
    """outer, HKDF-SHA256, AES-128-GCM, an id, a key, and what is sealed"""
    ech = struct.pack(">BHHB", 0, 1, 1, 7) + struct.pack(">H", 32) + \
        os.urandom(32) + struct.pack(">H", 208) + os.urandom(208)
    ech = struct.pack(">HH", 0xfe0d, len(ech)) + ech
    body = record[9:]
    at = 34                                 # version, random
    at += 1 + body[at]                      # session
    at += 2 + struct.unpack_from(">H", body, at)[0]
    at += 1 + body[at]                      # compression
    n = struct.unpack_from(">H", body, at)[0]
    body = body[:at] + struct.pack(">H", n + len(ech)) + ech + body[at + 2:]
    body = b"\1" + struct.pack(">I", len(body))[1:] + body
    return record[:3] + struct.pack(">H", len(body)) + body


name, sni = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
s = socket.create_connection(("127.0.0.1", 3128), 10)
s.sendall(b"CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n" %
          (name.encode(), name.encode()))
assert s.recv(4096).startswith(b"HTTP/1.1 200")
s.sendall(with_ech(hello(sni)))
try:
    got = s.recv(1)
except ConnectionResetError:
    got = b""
print("tls" if got == b"\x16" else "alert" if got == b"\x15" else repr(got))
