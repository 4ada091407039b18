"""One POST to an address that was looked up before; no redirects, and nothing read but the head.

``http.client`` because it shows where a call broke: before anything was sent, or after.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from fenix import exceptions, tls
from fenix.notifications.webhook.targets import Target

#: Of the addresses of one name, so many are tried.
_ADDRESSES = 4
#: Answers that say that nothing was done, though they are errors of the server.
_NOT_DONE = (503,)


class _Pinned(http.client.HTTPConnection):
    """A connection over a socket that is there already."""

    def __init__(self, target: Target, sock: socket.socket) -> None:
        super().__init__(target.host, target.port)
        self.sock = sock
        # Without it, http.client would connect again, by name, when the socket was closed.
        self.auto_open = 0
        self.default_port = 443 if target.scheme == "https" else 80


def post(
    target: Target,
    addresses: Sequence[str],
    content: bytes,
    headers: Mapping[str, str],
    *,
    context: ssl.SSLContext,
    connect_timeout: float,
    timeout: float,
) -> int:
    """Send it and return the status of the answer, one that says that it was taken.

    :param addresses: of the target; they are tried one after the other until one connects.
    :param timeout: seconds for everything.
    :raises Unavailable: it was not taken: no connection, or the answer says so.
    :raises Unsure: it was sent and the answer stayed away, or says that handling it failed.
    """
    end = time.monotonic() + timeout
    sock = _connect(target, addresses, context, connect_timeout, end)
    with contextlib.closing(sock), _cut_at(sock, end):
        connection = _Pinned(target, sock)
        try:
            connection.request("POST", target.path, content, dict(headers))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise exceptions.Unsure(
                f"{target.where}: no answer after it was sent: {_named(error)}"
            ) from None
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise exceptions.Unavailable(
            f"{target.where} answered {status}: redirects are not followed; register the URL that "
            f"it leads to"
        )
    if status < 500 or status in _NOT_DONE:
        raise exceptions.Unavailable(f"{target.where} answered {status}")
    raise exceptions.Unsure(f"{target.where} answered {status}")


def _connect(
    target: Target,
    addresses: Sequence[str],
    context: ssl.SSLContext,
    connect_timeout: float,
    end: float,
) -> socket.socket:
    last: Exception = TimeoutError("timed out")
    for address in addresses[:_ADDRESSES]:
        left = min(connect_timeout, end - time.monotonic())
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, target.port), left)
        except OSError as error:
            last = error
            continue
        try:
            if target.scheme == "https":
                sock = context.wrap_socket(sock, server_hostname=target.host)
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.settimeout(max(0.1, end - time.monotonic()))
        return sock
    raise exceptions.Unavailable(f"{target.where}: no connection: {_named(last)}")


@contextlib.contextmanager
def _cut_at(sock: socket.socket, end: float) -> Iterator[None]:
    """End the connection at that time, also when the other side sends a byte now and then."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            # The plain socket's method: it leaves what TLS holds to the thread that uses it.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _named(error: Exception) -> str:
    return tls.complaint(error, "[webhook] ca_file") or str(error) or type(error).__name__
