"""A bounded form of ``tools/fuzz``, and what its judge calls unexpected."""

from __future__ import annotations

import json
import logging
import unittest
from typing import Any

import webob

from fenix.tests import base
from fenix.tests.functional import sample
from fenix.tests.fuzz import __main__ as fuzz
from fenix.tests.fuzz import raw
from fenix.tests.fuzz.judge import Judge
from fenix.tests.fuzz.target import Target

_REQUESTS = 2000


class RawTest(base.ApiTestCase):
    """Requests that keep to nothing; also run on database servers."""

    def test_any_request(self) -> None:
        with Target("noauth", self.service) as target, Judge(target) as judge:
            raw.run(judge, target.callers, requests=200, seed=1)
        self.assertEqual([], judge.words)


class FuzzTest(unittest.TestCase):
    def test_nothing_unexpected(self) -> None:
        rows = fuzz.measure(_REQUESTS, seed=1)
        words = [w for row in rows for w in row.words]
        self.assertEqual([], words)
        self.assertEqual(0, sum(row.unexpected for row in rows))
        self.assertGreater(sum(row.tried for row in rows), _REQUESTS * 0.7)
        for row in rows:
            self.assertGreater(row.codes.get(200, 0), 0, row)


class JudgeTest(unittest.TestCase):
    """Each kind of fault is found; without them nothing is."""

    def setUp(self) -> None:
        super().setUp()
        self.target = Target("noauth").start()
        self.addCleanup(self.target.stop)
        self.admin, self.red, self.reader, _ = self.target.callers
        self.real = self.target.app

    def judged(self, method: str, path: str, body: Any = None, caller: Any = None) -> list[str]:
        segments = tuple(path.strip("/").split("/"))
        sent = b"" if body is None else json.dumps(body).encode()
        with Judge(self.target) as judge:
            judge.request(raw.environ(method, segments, "", {}, sent), caller or self.admin)
        self.assertEqual((1, len(judge.words)), (judge.tried, judge.unexpected))
        return judge.words

    def instead(self, code: int, body: Any, before: Any = lambda: None) -> None:
        """Answer everything like this."""

        def app(environ: Any, start_response: Any) -> Any:
            before()
            response = webob.Response(json=body, status=code)
            response.headers["X-OpenStack-Request-ID"] = "req-1"
            return response(environ, start_response)

        self.target.app = app

    def assert_blamed(self, words: list[str], *parts: str) -> None:
        self.assertEqual(1, len(words))
        for part in parts:
            self.assertIn(part, words[0])

    def test_what_is_well(self) -> None:
        self.assertEqual([], self.judged("GET", "/v1/maintenance"))
        self.assertEqual([], self.judged("PUT", "/v1/instance/i", {"lead_time": 1}))
        self.assertEqual([], self.judged("PUT", "/v1/instance/i", {"lead_time": "60,"}))
        path = f"/v1/maintenance/{sample.ASKING}/{sample.RED}"
        self.assertEqual([], self.judged("GET", path, caller=self.reader))

    def test_a_failure(self) -> None:
        self.instead(503, {})
        self.assert_blamed(self.judged("GET", "/v1/maintenance"), "503", "GET '/v1/maintenance'")

    def test_an_exception(self) -> None:
        def app(_environ: Any, _start_response: Any) -> Any:
            raise RuntimeError("oops")

        self.target.app = app
        self.assert_blamed(self.judged("GET", "/v1/maintenance"), "RuntimeError: oops")

    def test_a_success_without_the_right(self) -> None:
        self.instead(200, {"session_id": []})
        only = "only administrators may"
        self.assert_blamed(self.judged("GET", "/v1/maintenance", caller=self.red), only)
        foreign = f"/v1/maintenance/{sample.ASKING}/{sample.BLUE}"
        words = self.judged("GET", foreign, caller=self.red)
        self.assert_blamed(words, f"it is project {sample.BLUE}'s")
        words = self.judged("PUT", "/v1/instance/i", {}, caller=self.reader)
        self.assert_blamed(words, "this caller may not")

    def test_a_body_that_should_be_refused(self) -> None:
        self.instead(200, {})
        words = self.judged("PUT", "/v1/instance/i", {"lead_time": "60,"})
        self.assert_blamed(words, "the body was taken although '60,'")
        self.assert_blamed(self.judged("POST", "/v1/plan"), "a body is needed")

    def test_a_row_of_a_refused_request(self) -> None:
        def write() -> None:
            environ = raw.environ("PUT", ("v1", "instance", "i"), "", {}, b"{}")
            webob.Request(environ).get_response(self.real)

        self.instead(400, {}, before=write)
        words = self.judged("PUT", "/v1/instance/i", {})
        self.assert_blamed(words, "it wrote to project_instances")

    def test_lines_of_the_log(self) -> None:
        log = logging.getLogger("fenix.something")
        self.instead(400, {}, before=lambda: log.info("a\nb"))
        self.assert_blamed(self.judged("GET", "/"), "what cannot be printed is in the log")
        self.instead(400, {}, before=lambda: log.error("a"))
        self.assert_blamed(self.judged("GET", "/"), "logged: a")
