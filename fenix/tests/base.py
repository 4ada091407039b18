"""What test classes share."""

from __future__ import annotations

import json
import unittest
from typing import Any

import webob

from fenix.tests.functional.service import Sections, Service


class ApiTestCase(unittest.TestCase):
    """A service of its own, called without a network."""

    sections: Sections = {}
    engine = True

    def setUp(self) -> None:
        # Not per class: the process's configuration has to be free when gabbi's suites begin.
        super().setUp()
        self.service = Service(self.sections, engine=self.engine)
        self.service.start()
        self.addCleanup(self.service.stop)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """Send a request; ``body`` is bytes, or an object that is sent as JSON."""
        request = webob.Request.blank(path, method=method, headers=headers or {})
        request.content_type = "application/json"
        if body is not None:
            request.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return request.get_response(self.service.app)

    def assert_error(self, response: Any, code: int, message: str) -> None:
        """The one shape of an error, with a message that begins like this."""
        self.assertEqual(code, response.status_int, response.text)
        self.assertEqual("application/json", response.content_type)
        error = response.json["error"]
        self.assertEqual(["code", "title", "message", "request_id"], list(error))
        self.assertEqual(code, error["code"])
        self.assertEqual(response.headers["x-openstack-request-id"], error["request_id"])
        self.assertTrue(error["message"].startswith(message), error["message"])
