"""Answers that end: so many seconds for a whole answer, and so many bytes.

The time-out of requests is one of silence. A server that sends a byte now and then would keep a
thread for ever, and one that does not stop sending would take the memory.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import Any

import requests
from keystoneauth1.session import TCPKeepAliveAdapter
from urllib3 import connection, connectionpool

#: As many as requests keeps.
_CONNECTIONS = 10


class _Reader(io.RawIOBase):
    """What comes from a socket, until the time or the size has been used up."""

    def __init__(self, raw: Any, sock: Any, seconds: float, size: int) -> None:
        self._raw = raw
        self._sock = sock
        self._silence = sock.gettimeout()
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._size = self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the answer was not complete within {self._seconds:g} s")
        self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError(f"the answer is longer than {self._size} bytes")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _response(seconds: float, size: int) -> type[http.client.HTTPResponse]:
    class Response(http.client.HTTPResponse):
        """One whose head and body are bounded."""

        def __init__(self, sock: Any, *arguments: Any, **more: Any) -> None:
            super().__init__(sock, *arguments, **more)
            self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, seconds, size))

    return Response


class Adapter(TCPKeepAliveAdapter):
    """keystoneauth's adapter, whose answers end."""

    def __init__(self, seconds: float, size: int, connections: int) -> None:
        self._bounds = (seconds, size)
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Let the pools make connections of ours."""
        super().init_poolmanager(*arguments, **more)
        response = _response(*self._bounds)

        class Connection(connection.HTTPConnection):
            response_class = response

        class SecureConnection(connection.HTTPSConnection):
            response_class = response

        class Pool(connectionpool.HTTPConnectionPool):
            ConnectionCls = Connection

        class SecurePool(connectionpool.HTTPSConnectionPool):
            ConnectionCls = SecureConnection

        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}


def bound(
    session: requests.Session, seconds: float, size: int, *, connections: int = _CONNECTIONS
) -> None:
    """Give every answer to a session of requests an end.

    :param seconds: from when the request was sent until the answer is complete.
    :param size: bytes of head and body, as they are on the wire.
    :param connections: so many are kept open to each service, for the next call.
    """
    adapter = Adapter(seconds, size, connections)
    for prefix in list(session.adapters):
        session.mount(prefix, adapter)
