"""A Keystone that is away, slow, or talks nonsense while tokens are validated."""

from __future__ import annotations

import json

from fenix.emulator import Cloud, EmulatorServer, Timings
from fenix.tests import base
from fenix.tests.functional import keystone
from fenix.tests.functional.test_secrets import Listener

_MIB = 1024 * 1024
_VALIDATION = r"^/identity/v3/auth/tokens"
#: The answer, its body, and how long it goes on.
_ANSWERS: tuple[tuple[int | str, str | None], ...] = (
    (500, None),
    (502, "<html>Bad Gateway</html>"),
    (503, None),
    (429, None),
    ("cut", None),
    ("hang", None),
    ("drip", None),
    ("flood", None),
    ("garbage", None),
    ("garbage", ""),
    ("garbage", '{"token": {'),
    ("garbage", "[]"),
    ("garbage", "null"),
    ("garbage", '"text"'),
    ("garbage", json.dumps({"token": "text"})),
    ("garbage", json.dumps({"token": {"user": 7, "expires_at": "never"}})),
    ("garbage", json.dumps({"token": "x" * 17 * _MIB})),
)


class KeystoneFaultsTest(base.ApiTestCase):
    engine = False

    def setUp(self) -> None:
        self.cloud = Cloud(timings=Timings.instant(), seed=1)
        self.server = EmulatorServer(self.cloud, threads=8).start()
        self.addCleanup(self.server.stop)
        options = {
            **keystone.options_of(self.server.auth_url),
            "http_connect_timeout": 1,
            "http_request_max_retries": 0,
        }
        self.sections = {
            "api": {"auth_strategy": "keystone", "rpc_timeout": 1},
            "keystone_authtoken": options,
        }
        super().setUp()
        self.log = Listener(self)

    def ask(self) -> tuple[int, str, str]:
        """With a token that was not seen before."""
        token = str(self.cloud.issue_token(self.cloud.admin, self.cloud.admin_project).id)
        answer = self.call("GET", "/v1/maintenance", headers={"X-Auth-Token": token})
        return answer.status_int, answer.text, token

    def test_every_answer(self) -> None:
        self.assertEqual(200, self.ask()[0])
        for answer, body in _ANSWERS:
            with self.subTest(answer=answer, body=(body or "")[:40]):
                self.cloud.faults.next_calls("GET", _VALIDATION, answer, seconds=8, body=body)
                code, text, token = self.ask()
                self.assertEqual(503, code, text)
                self.assertIn("Keystone", json.loads(text)["error"]["message"])
                self.assertLess(len(text), 2000)
                self.assertEqual([], self.log.with_text(token))
                self.cloud.faults.clear()
        self.assertEqual(200, self.ask()[0])

    def test_nobody_there(self) -> None:
        self.server.stop()
        code, text, _token = self.ask()
        self.assertEqual(503, code, text)
        self.assertIn("Keystone", json.loads(text)["error"]["message"])
