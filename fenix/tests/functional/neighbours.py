"""Small doubles of Masakari and Vitrage, over HTTP."""

from __future__ import annotations

import http.server
import json
import re
import threading
from typing import Any

_HOST = re.compile(r"/segments/([^/]+)/hosts/([^/]+)")


class Double:
    """An HTTP server; ``calls``: method, path and body of each call, with ``down`` no answer."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.refuse_with: int | None = None
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                path = self.path.partition("?")[0]
                if not self.headers.get("X-Auth-Token"):
                    code, answer = 401, {}
                elif double.refuse_with is not None:
                    code, answer = double.refuse_with, {"error": {"message": "told so by a test"}}
                else:
                    double.calls.append((self.command, path, body))
                    code, answer = double.answer(self.command, path, body)
                text = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        raise NotImplementedError

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Masakari(Double):
    """Two segments; hosts of the second are given to :meth:`add`."""

    def __init__(self) -> None:
        self.hosts: dict[str, dict[str, Any]] = {}
        super().__init__()

    def add(self, name: str, on_maintenance: bool = False) -> None:
        self.hosts[name] = {
            "name": name,
            "uuid": f"uuid-{name}",
            "failover_segment_id": "two",
            "on_maintenance": on_maintenance,
        }

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET" and path == "/segments":
            return 200, {"segments": [{"uuid": "one"}, {"uuid": "two"}]}
        if method == "GET":
            return 200, {"hosts": list(self.hosts.values()) if "/two/" in path else []}
        found = _HOST.fullmatch(path)
        name = found.group(2).removeprefix("uuid-") if found else ""
        if method != "PUT" or found is None or found.group(1) != "two" or name not in self.hosts:
            return 404, {}
        self.hosts[name].update(body["host"])
        return 200, {"host": self.hosts[name]}

    def changes(self, name: str) -> list[bool]:
        """What ``on_maintenance`` of a host was set to, in order."""
        return [
            body["host"]["on_maintenance"]
            for method, path, body in self.calls
            if method == "PUT" and path.endswith(f"uuid-{name}")
        ]


class Vitrage(Double):
    """Takes events as ``POST /v1/event`` does."""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        return (200, None) if (method, path) == ("POST", "/v1/event") else (404, {})

    def events(self, hostname: str) -> list[dict[str, Any]]:
        return [body for _, _, body in self.calls if body["details"]["hostname"] == hostname]
