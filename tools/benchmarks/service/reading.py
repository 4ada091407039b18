"""GET of a session against a bare pecan application that answers the same bytes.

Both have a process of their own with the same server, middleware, token and configuration. They are
asked in turns, so that whatever else the machine does meets both.
"""

import json
import socket
import statistics
import threading
import time

from benchmarks.figures import Figure
from benchmarks.service import clouds
from benchmarks.service.deployment import Deployment, Failed, free_port
from benchmarks.service.processes import Process

_LIMIT = 0.4
_CONNECTIONS = 4
_WARM_UP = 0.5
_STARTS_IN = 60


def measure(neighbours, database_url, folder, turns, seconds):
    """The figure from ``turns`` turns of ``seconds`` each."""
    scene = clouds.quiet(2)
    with Deployment(scene, neighbours, database_url, folder) as fenix:
        session_id = fenix.create(scene.computes)
        fenix.done(session_id)
        token = fenix.admin.get_token()
        body = fenix.admin.get(f"{fenix.url}/v1/maintenance/{session_id}").json()
        port = free_port()
        bare = Process(
            "bare",
            folder,
            *("-m", "benchmarks.service.bare"),
            *(str(folder / "fenix.conf"), str(port), json.dumps(body)),
        )
        try:
            fenix.wait(lambda: _listens(bare, port), "the bare application serves", _STARTS_IN)
            path = f"/v1/maintenance/{session_id}"
            ports = {"fenix": int(fenix.url.rpartition(":")[2]), "bare": port}
            for one in ports.values():
                _rate(one, path, token, body, _WARM_UP)
            rates = {name: [] for name in ports}
            for _ in range(turns):
                for name, one in ports.items():
                    rates[name].append(_rate(one, path, token, body, seconds))
        finally:
            bare.stop()
    ratios = [ours / theirs for ours, theirs in zip(rates["fenix"], rates["bare"], strict=True)]
    ours, theirs = (statistics.median(rates[name]) for name in ("fenix", "bare"))
    return [
        Figure(
            "GET of a session : bare pecan",
            round(statistics.median(ratios), 2),
            _LIMIT,
            at_least=True,
            compared=(
                f"median of {turns} pairs of turns, from {min(ratios):.2f} to {max(ratios):.2f}; "
                f"{ours:.0f} : {theirs:.0f} requests a second, one process each with the same "
                f"server and middleware, {_CONNECTIONS} connections"
            ),
        )
    ]


def _listens(process, port):
    process.demand_alive()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _rate(port, path, token, body, seconds):
    """Requests answered in a second."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Auth-Token: {token}\r\n"
        f"Accept: application/json\r\n\r\n"
    ).encode()
    clients = [_Client(port, request, body) for _ in range(_CONNECTIONS)]
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=c.ask, args=(until,)) for c in clients]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    for client in clients:
        if client.error is not None:
            raise Failed(f"GET {path} on port {port}: {client.error}")
    return sum(c.answered for c in clients) / took


class _Client:
    """One connection that asks the same again and again, with as little work as possible."""

    def __init__(self, port, request, body):
        self._port = port
        self._request = request
        self._body = body
        self.answered = 0
        self.error = None

    def ask(self, until):
        """Ask until a moment of the monotonic clock."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=30) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while time.monotonic() < until:
                    connection.sendall(self._request)
                    self._read(connection)
                    self.answered += 1
        except (OSError, ValueError, Failed) as error:
            self.error = error

    def _read(self, connection):
        found = b""
        while (end := found.find(b"\r\n\r\n")) < 0:
            found += self._more(connection)
        head = found[:end].decode("latin-1")
        if not head.startswith("HTTP/1.1 200"):
            raise Failed(head)
        length = int(head.lower().partition("content-length:")[2].split()[0])
        while len(found) < end + 4 + length:
            found += self._more(connection)
        if not self.answered and json.loads(found[end + 4 :]) != self._body:
            raise Failed("the answer is not the session")

    @staticmethod
    def _more(connection):
        found = connection.recv(65536)
        if not found:
            raise Failed("the connection was closed")
        return found
