"""Where requests go, and what refusals become."""

from __future__ import annotations

import json
import unittest
from typing import Any

import requests
from keystoneauth1 import noauth
from keystoneauth1 import session as ka_session

from fenix.client import Client, ProjectEvent, decode, errors
from fenix.client.connection import versioned
from fenix.tests.unit.client.test_webhook import body


class Answering(requests.adapters.BaseAdapter):
    """Answers without a network, in turn; keeps what was asked."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        super().__init__()
        self.headers: dict[str, str] = {}
        self.answers = list(answers)
        self.asked: list[Any] = []

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(request)
        response = requests.Response()
        response.status_code, response._content = self.answers.pop(0)
        response.headers.update({"X-OpenStack-Request-ID": "req-1", **self.headers})
        response.request, response.url = request, request.url
        return response

    def close(self) -> None:
        """Nothing is open."""


class ConnectionTest(unittest.TestCase):
    """One endpoint, told in every way that people tell it."""

    def client(self, *answers: tuple[int, bytes], **more: Any) -> Client:
        self.wire = Answering(*answers)
        http = requests.Session()
        http.mount("http://", self.wire)
        session = ka_session.Session(auth=noauth.NoAuth(), session=http)
        return Client(session, "http://fenix:12347/", **more)

    def test_endpoints(self) -> None:
        for told in ("http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/"):
            self.assertEqual("http://a:1/v1", versioned(told))
        self.assertEqual("http://a/maintenance/v1", versioned("http://a/maintenance"))

    def test_it_waits_when_it_writes_too_often(self) -> None:
        waited: list[float] = []
        client = self.client(*[(429, b"{}")] * 3, (200, b"{}"), sleep=waited.append)
        self.wire.headers["Retry-After"] = "7"
        client.instance_constraints.delete("i")
        self.assertEqual(([7, 7, 7], 4), (waited, len(self.wire.asked)))

    def test_it_does_not_wait_for_ever(self) -> None:
        waited: list[float] = []
        for told, seconds in (("3600", 60), ("soon", 1), ("", 1), ("-5", 1)):
            client = self.client(*[(429, b"{}")] * 11, sleep=waited.append)
            self.wire.headers["Retry-After"] = told
            with self.assertRaises(errors.TooManyRequests):
                client.instance_constraints.delete("i")
            self.assertEqual((seconds, 11), (waited[-1], len(self.wire.asked)))

    def test_what_is_sent(self) -> None:
        client = self.client((200, b'{"instance_id": "a/b", "lead_time": 5, "new": 1}'))
        row = client.instance_constraints.get("a/b", project_id="p")
        self.assertEqual(("a/b", 5), (row.instance_id, row.lead_time))
        (request,) = self.wire.asked
        self.assertEqual("http://fenix:12347/v1/instance/a%2Fb?project_id=p", request.url)
        self.assertEqual("maintenance 1.0", request.headers["OpenStack-API-Version"])

    def test_a_reply_goes_to_the_known_endpoint(self) -> None:
        client = self.client((200, b"{}"))
        event = decode(body(reply_url="http://evil/steal", instance_ids="['i1']"))
        assert isinstance(event, ProjectEvent)
        client.replies.accept(event, {"i1": "MIGRATE"})
        (request,) = self.wire.asked
        self.assertEqual("http://fenix:12347/v1/maintenance/s1/p1/i1", request.url)
        self.assertEqual(
            {"state": "ACK_PLANNED_MAINTENANCE", "instance_actions": {"i1": "MIGRATE"}},
            json.loads(request.body),
        )

    def test_a_reply_is_sent_again_when_the_service_is_busy(self) -> None:
        client = self.client((503, b"busy"), (200, b"{}"), retries=1)
        client.replies.send("s", "p", "ACK_MAINTENANCE")
        self.assertEqual(2, len(self.wire.asked))

    def test_a_session_is_not_created_twice(self) -> None:
        client = self.client((503, b'{"error": {"message": "no engine", "request_id": "req-7"}}'))
        with self.assertRaises(errors.Unavailable) as caught:
            client.sessions.create(hosts=["a"])
        self.assertEqual(
            ("no engine", "req-7"), (caught.exception.message, caught.exception.request_id)
        )
        self.assertEqual(1, len(self.wire.asked))

    def test_refusals(self) -> None:
        for code, kind in (
            (400, errors.BadRequest),
            (401, errors.Unauthorized),
            (403, errors.Forbidden),
            (404, errors.NotFound),
            (409, errors.Conflict),
            (422, errors.Unprocessable),
            (503, errors.Unavailable),
            (509, errors.SessionLimit),
            (418, errors.RequestError),
        ):
            told = {"error": {"code": code, "message": "why", "request_id": "req-2"}}
            client = self.client((code, json.dumps(told).encode()))
            with self.assertRaises(kind) as caught:
                client.sessions.get("s")
            self.assertIs(kind, type(caught.exception))
            self.assertEqual(f"why (HTTP {code}, request req-2)", str(caught.exception))

    def test_another_server_s_answers(self) -> None:
        client = self.client((502, b"<html>Bad   Gateway</html>"), (200, b"<html>hello"))
        with self.assertRaises(errors.RequestError) as caught:
            client.sessions.get("s")
        self.assertEqual(
            "<html>Bad Gateway</html> (HTTP 502, request req-1)", str(caught.exception)
        )
        with self.assertRaises(errors.RequestError) as caught:
            client.sessions.get("s")
        self.assertIn("is this the URL of the maintenance service?", str(caught.exception))
