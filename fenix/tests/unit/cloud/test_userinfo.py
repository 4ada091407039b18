"""A user and a password in the URL of a service stay out of what is said of it."""

from __future__ import annotations

import socket

import requests
import testtools
from keystoneauth1 import exceptions as ka_exc

from fenix import exceptions, logs
from fenix.cloud.keystone import guarded


class UserinfoTest(testtools.TestCase):
    def said(self, error: Exception) -> str:
        def fail() -> None:
            raise error

        return str(self.assertRaises(exceptions.CloudError, guarded, "Nova: list services", fail))

    def test_whatever_fails(self) -> None:
        url = "https://fenix:sword:fish@nova:8774/v2.1"
        for error in (
            ka_exc.ConnectFailure(f"Unable to establish connection to {url}: refused"),
            ka_exc.DiscoveryFailure(f"{url} and {url}"),
            ka_exc.BadRequest(f"bad: {url}"),
            ka_exc.ServiceUnavailable(f"busy: {url}"),
            requests.ConnectionError(f"no route to {url}"),
            socket.gaierror(f"unknown: {url}"),
        ):
            said = self.said(error)
            self.assertNotIn("fish", said)
            self.assertIn("https://***@nova:8774/v2.1", said)

    def test_what_is_none_stays(self) -> None:
        for text in ("user@example.org", "http://nova/a@b", "rabbit://h/ and a@b"):
            self.assertEqual(text, logs.without_userinfo(text))
