"""An answer comes in time, whatever hangs."""

from __future__ import annotations

import threading
import unittest
from typing import Any
from unittest import mock

import webob
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.api import patience


class PatienceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=self.conf, default_config_files=[])
        self.conf.set_override("rpc_timeout", 1, group="api")
        self.conf.set_override("threads", 1, group="api")
        self.enterContext(mock.patch.object(patience, "_MARGIN", -0.9))
        self.release = threading.Event()
        self.addCleanup(self.release.set)

    def ask(self, application: Any) -> Any:
        return webob.Request.blank("/v1/x").get_response(application)

    def hang(self, _environ: Any, _start_response: Any) -> Any:
        self.release.wait(30)
        return []

    def test_an_answer_passes(self) -> None:
        app = patience.Patience(webob.Response(json={"a": 1}), self.conf)
        self.assertEqual({"a": 1}, self.ask(app).json)

    def test_an_error_passes(self) -> None:
        def fail(_environ: Any, _start_response: Any) -> Any:
            raise exceptions.NotFound("no such thing")

        with self.assertRaises(exceptions.NotFound):
            self.ask(patience.Patience(fail, self.conf))

    def test_what_hangs_is_left_and_when_many_do_it_is_said_at_once(self) -> None:
        app = patience.Patience(self.hang, self.conf)
        with self.assertLogs("fenix.api.patience", "ERROR") as logs:
            for _ in range(patience._HANGING):
                with self.assertRaises(exceptions.Unavailable) as caught:
                    self.ask(app)
                self.assertIn("the database or Keystone hangs", str(caught.exception))
        self.assertIn("GET '/v1/x' has no answer after", logs.output[0])
        with self.assertRaises(exceptions.Unavailable) as caught:
            self.ask(app)
        self.assertIn("too many requests wait", str(caught.exception))
