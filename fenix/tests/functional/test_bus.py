"""One process, one bus: what a service leaves there is not the next one's."""

from __future__ import annotations

import unittest

import webob

from fenix.tests.functional.service import Service


class BusTest(unittest.TestCase):
    """Services that follow each other, as suites in one worker do."""

    def start(self, *, engine: bool) -> Service:
        service = Service(engine=engine)
        service.start()
        self.addCleanup(service.stop)
        return service

    @staticmethod
    def call(service: Service, method: str) -> webob.Response:
        request = webob.Request.blank("/v1/maintenance", method=method)
        if method == "POST":
            request.content_type = "application/json"
            request.body = b"{}"
        return request.get_response(service.app)

    def test_a_command_that_nobody_took_is_forgotten(self) -> None:
        first = Service(engine=False)
        first.start()
        try:
            self.assertEqual(503, self.call(first, "POST").status_int)
        finally:
            first.stop()
        second = self.start(engine=True)
        self.assertEqual(200, self.call(second, "POST").status_int)
        # The first service's command would have been taken before: the bus keeps the order.
        self.assertEqual(1, len(second.engine.endpoint.calls))
        self.assertEqual(1, len(self.call(second, "GET").json["sessions"]))
