"""echo.py SOCKET: takes CONNECT for everything and echoes, for many."""
import asyncio
import sys


async def serve(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()


async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[1], backlog=128)
    await server.serve_forever()

asyncio.run(main())
