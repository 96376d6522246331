"""One address for an Odoo with workers: passes live-channel connections to the gevent process.

Odoo with workers serves /websocket on a second port and expects a proxy in front. This one routes
each connection by its first request line, which is enough: browsers open a connection of its own
for a WebSocket. For development only; operators use a real proxy.
"""

import asyncio
import threading
from contextlib import suppress

#: The longest request head that is waited for before a connection is dropped.
_HEAD_LIMIT = 64 * 1024


class Front:
    """A TCP router in a thread of its own, on 127.0.0.1."""

    def __init__(self, port: int, http_port: int, gevent_port: int) -> None:
        self.port = port
        self._http_port = http_port
        self._gevent_port = gevent_port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="front", daemon=True)

    def start(self) -> "Front":
        """Listen; ``port`` is then the real one. Raises OSError when the port is taken."""
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        """Close every connection and end the thread."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        try:
            listening = asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_HEAD_LIMIT)
            server = self._loop.run_until_complete(listening)
            self.port = server.sockets[0].getsockname()[1]
        except OSError as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n")
            live = head.split(b" ")[1:2] and head.split(b" ")[1].startswith(b"/websocket")
            port = self._gevent_port if live else self._http_port
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
            return
        upstream_writer.write(head)
        await asyncio.gather(_pipe(reader, upstream_writer), _pipe(upstream_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()
