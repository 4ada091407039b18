"""The observer that the manual shows does what it says."""

from __future__ import annotations

import datetime
import importlib.util
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest import mock

from oslo_config import cfg

from fenix.tests.unit.docs.base import ROOT, DocsTestCase
from fenix.workflow.observer import HostEvent


class ObserverExampleTest(DocsTestCase):
    def test_it_keeps_the_list(self) -> None:
        calls: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                calls.append((self.command, self.path))
                self.send_response(404 if self.command == "DELETE" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        spec = importlib.util.spec_from_file_location(
            "host_register", ROOT / "doc" / "examples" / "host_register.py"
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        conf = cfg.ConfigOpts()
        module.Observer.configured(conf)
        url = f"http://127.0.0.1:{server.server_port}/hosts"
        conf.set_override("url", url, "host_register")
        observer = module.Observer(conf, mock.sentinel.auth)

        def event(state: str) -> HostEvent:
            return HostEvent("compute-1", state, "", datetime.datetime(2026, 1, 2), "id")

        self.assertIsNone(observer.observe(event("HOST_REMOVED"), mock.sentinel.memory))
        with self.assertRaises(module.requests.HTTPError):
            observer.observe(event("HOST_ADDED"), mock.sentinel.memory)
        self.assertEqual(
            [("DELETE", "/hosts/compute-1"), ("PUT", "/hosts/compute-1")],
            calls,
        )
