"""What a project meets that writes too often."""

from __future__ import annotations

from typing import Any

import wsgi_intercept
from keystoneauth1 import noauth
from keystoneauth1 import session as ka_session
from wsgi_intercept import requests_intercept

from fenix.client import Client
from fenix.db import sessions as db_sessions
from fenix.tests import base
from fenix.tests.functional import sample
from fenix.tests.unit.api.test_ratelimit import Clock

RED = {"X-Project-Id": sample.RED}
BLUE = {"X-Project-Id": sample.BLUE}


class WriteLimitTest(base.ApiTestCase):
    sections = {"api": {"project_writes_per_minute": 3}}

    def setUp(self) -> None:
        super().setUp()
        self.service.with_sample()
        self.clock = Clock()
        self.service.app = self.service.make_app(clock=self.clock)

    def write(self, number: int, headers: dict[str, str]) -> Any:
        return self.call("PUT", f"/v1/instance/i-{number}", {"lead_time": 1}, headers)

    def test_it_is_told_when_to_come_again_and_nothing_is_done(self) -> None:
        codes = [self.write(n, RED).status_int for n in range(4)]
        self.assertEqual([200, 200, 200, 429], codes)
        response = self.write(3, RED)
        self.assert_error(response, 429, f"project '{sample.RED}' has written more than 3 times")
        self.assertEqual("20", response.headers["Retry-After"])
        self.assertEqual("Too Many Requests", response.json["error"]["title"])
        self.assertEqual(404, self.call("GET", "/v1/instance/i-3", headers=RED).status_int)
        self.clock.seconds += 20
        self.assertEqual(200, self.write(3, RED).status_int)

    def test_every_write_counts_and_reads_do_not(self) -> None:
        reply = f"/v1/maintenance/{sample.ASKING}/{sample.RED}"
        for method, path, body in (
            ("PUT", reply, {"state": "NACK_SCALE_IN"}),
            ("PUT", f"{reply}/{sample.RED_1}", {"state": "NACK_SCALE_IN"}),
            ("DELETE", "/v1/instance_group/g", None),
        ):
            self.assertEqual(200, self.call(method, path, body, RED).status_int)
        self.assertEqual(429, self.write(1, RED).status_int)
        for _ in range(5):
            self.assertEqual(200, self.call("GET", reply, headers=RED).status_int)

    def test_others_are_not_concerned(self) -> None:
        for number in range(4):
            self.write(number, RED)
        self.assertEqual(200, self.write(1, BLUE).status_int)
        # Of a project's URL only those who may use it count.
        url = f"/v1/maintenance/{sample.ASKING}/{sample.BLUE}"
        for _ in range(5):
            self.assertEqual(403, self.call("PUT", url, {}, RED).status_int)
        self.assertEqual(200, self.write(2, BLUE).status_int)

    def test_administrators_are_not_counted(self) -> None:
        for number in range(10):
            self.assertEqual(200, self.write(number, {}).status_int)

    def test_no_reply_is_lost(self) -> None:
        requests_intercept.install()
        self.addCleanup(requests_intercept.uninstall)
        wsgi_intercept.add_wsgi_intercept("fenix.example.org", 80, lambda: self.service.app)
        self.addCleanup(wsgi_intercept.remove_wsgi_intercept)
        for number in range(4):
            self.write(number, RED)
        waited: list[float] = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            self.clock.seconds += seconds

        manager = ka_session.Session(auth=noauth.NoAuth(), additional_headers=RED)
        client = Client(manager, "http://fenix.example.org", sleep=sleep)
        client.replies.send(sample.ASKING, sample.RED, "ACK_MAINTENANCE")
        self.assertEqual([20], waited)
        detail = db_sessions.detail(self.service.database, sample.ASKING)
        self.assertIn("ACK_MAINTENANCE", [w.reply for w in detail.waits])


class NoLimitTest(base.ApiTestCase):
    sections = {"api": {"project_writes_per_minute": 0}}

    def test_none(self) -> None:
        for _ in range(50):
            response = self.call("DELETE", "/v1/instance/i", headers=RED)
            self.assertEqual(200, response.status_int)
