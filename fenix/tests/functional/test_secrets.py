"""Passwords and tokens stay out of logs, answers and errors, whatever fails."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from fenix.api import deploy
from fenix.tests import base
from fenix.tests.functional import keystone, sample
from fenix.tests.functional.engine_process import EngineProcessTestCase
from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.tests.functional.sessions.test_webhook import WebhookTestCase

_SECRET = "swordfish"


class Listener(logging.Handler):
    """Everything that any library logs at any level, as text."""

    def __init__(self, case: Any) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        root = logging.getLogger()
        level = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        case.addCleanup(root.setLevel, level)
        case.addCleanup(root.removeHandler, self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if record.exc_info:
            self.lines.append("".join(traceback.format_exception(*record.exc_info)))

    def with_text(self, text: str) -> list[str]:
        return [line for line in self.lines if text in line]


class FailingTest(base.ApiTestCase):
    """Nothing that the API needs is there; each failure is logged."""

    engine = False

    def setUp(self) -> None:
        super().setUp()
        self.log = Listener(self)
        conf = self.service.conf
        nowhere = f"fenix:{_SECRET}-1@127.0.0.1:9"
        conf.set_override("connection", f"mysql+pymysql://{nowhere}/fenix", group="database")
        conf.set_override("max_retries", 0, group="database")
        conf.set_override("transport_url", f"rabbit://{nowhere}/")

    def test_database_and_bus(self) -> None:
        self.service.app = deploy.make_app(self.service.conf)
        reply = f"/v1/maintenance/{sample.ASKING}/{sample.RED}"
        for method, path, body in (
            ("GET", "/v1/maintenance", None),
            ("GET", "/healthcheck", None),
            ("PUT", reply, {"state": "ACK_MAINTENANCE"}),
            ("POST", "/v1/maintenance", {}),
        ):
            headers = {"X-Auth-Token": f"{_SECRET}-2"}
            response = self.call(method, path, body, headers)
            self.assertEqual(503, response.status_int, response.text)
            self.assertNotIn(_SECRET, response.text)
        self.assertTrue(self.log.lines)
        self.assertEqual([], self.log.with_text(_SECRET))


class TokensTest(base.ApiTestCase):
    def setUp(self) -> None:
        self.keystone = keystone.Keystone()
        self.keystone.start()
        self.addCleanup(self.keystone.stop)
        options = {**self.keystone.options(), "password": f"{_SECRET}-3"}
        self.sections = {"api": {"auth_strategy": "keystone"}, "keystone_authtoken": options}
        super().setUp()
        self.log = Listener(self)

    def test_good_and_bad_ones(self) -> None:
        for token in (*keystone.TOKENS.values(), f"{_SECRET}-4"):
            response = self.call("GET", "/v1/maintenance", headers={"X-Auth-Token": token})
            self.assertIn(response.status_int, (200, 401, 403))
            self.assertNotIn(token, response.text)
            self.assertEqual([], self.log.with_text(token))
        self.assertEqual([], self.log.with_text(_SECRET))


class SessionTest(SessionTestCase):
    """A whole session: API, engine, cloud, bus."""

    def setUp(self) -> None:
        super().setUp()
        self.log = Listener(self)

    def test_tokens_of_the_cloud(self) -> None:
        session_id = self.create(hosts=["compute-1", "compute-2", "compute-3"])
        self.done(session_id)
        manager = self.cluster.session_of(self.user, self.project)
        tokens = [self.admin.get_token(), manager.get_token()]
        ours = [line for line in self.log.lines if "fenix" in line]
        self.assertTrue(ours)
        shown = str(self.detail(session_id)) + str(list(self.history(session_id)))
        for token in tokens:
            self.assertEqual([], self.log.with_text(token))
            self.assertNotIn(token, shown)


class EngineTest(EngineProcessTestCase):
    """``fenix-engine`` with debug = True, and with secrets in every option that may have one."""

    def test_nothing_in_its_log(self) -> None:
        self.start(
            f"auth_url = http://fenix:{_SECRET}-5@127.0.0.1:1/v3\nusername = fenix\n"
            f"[DEFAULT]\ndebug = true\n"
            f"[engine]\nhost_watch_interval = 1\n"
            f"[webhook]\nsecret_keys = {_SECRET}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\n"
        )
        # Options are shown, and a call has failed whose URL has a password.
        text = self.log_has("Nova: ")
        for word in ("secret_keys", "database.connection", "***@127.0.0.1:1"):
            self.assertIn(word, text)
        self.assertNotIn(_SECRET, text)


class WebhookSecretTest(WebhookTestCase):
    """What a project's calls are signed with."""

    def started(self) -> None:
        self.log = Listener(self)
        super().started()

    def test_nobody_is_shown_it(self) -> None:
        secret = str(self.manager._secret)
        self.manager.codes = {"MAINTENANCE": [500, 302, 404]}
        session_id = self.create()
        self.done(session_id)
        paths = [
            f"/v1/maintenance/{session_id}/detail",
            f"/v1/maintenance/{session_id}/events",
            "/v1/subscription",
            f"/v1/subscription/{self.project.id}",
            "/v1/dead_letters",
        ]
        for path in paths:
            answer = self.admin.get(f"{self.cluster.url}{path}")
            self.assertEqual(200, answer.status_code, path)
            self.assertNotIn(secret, answer.text)
        self.assertTrue(self.log.with_text("answered 404"))
        self.assertEqual([], self.log.with_text(secret))
        # Nor a signature, with which a call could be repeated.
        self.assertEqual([], self.log.with_text("v1="))
