"""Webhooks of projects by the command line."""

from __future__ import annotations

import os
from unittest import mock

from fenix.tests.functional.client.base import CommandLineTestCase, in_process

_SECRET = "correct horse battery staple"


class SubscriptionsTest(CommandLineTestCase):
    """Set, show, list, unset."""

    def test_a_subscription(self) -> None:
        of_project = ("--project", self.project.id)
        url = "https://vnfm.example.org:8443/fenix"
        with mock.patch.dict(os.environ, {"FENIX_WEBHOOK_SECRET": _SECRET}):
            made = self.worked("subscription", "set", url, *of_project, "-f", "json")
            refused = self.refused("subscription", "set", "http://10.0.0.1/", *of_project)
        self.assertIn("<url>: http is not allowed here", refused)
        self.assertNotIn(_SECRET, made.out + made.err)
        self.assertEqual(
            (url, "maintenance.planned"), (made.json()["url"], made.json()["event_type"])
        )
        shown = self.worked("subscription", "show", *of_project, "-f", "json")
        self.assertEqual(made.json(), shown.json())
        (row,) = self.worked("subscription", "list", "-f", "json").json()
        self.assertEqual((self.project.id, url), (row["Project"], row["URL"]))
        self.worked("subscription", "unset", *of_project)
        self.assertIn("has no subscription", self.refused("subscription", "show", *of_project))
        self.assertEqual([], self.worked("dead", "letter", "list", "-f", "json").json())

    def test_debug_shows_calls_and_not_the_secret(self) -> None:
        debug = (*self.options(), "--debug", "maintenance", "subscription")
        url = "https://vnfm.example.org:8443/fenix"
        where = ("--project", self.project.id)
        put = in_process(*debug, "set", url, *where, FENIX_WEBHOOK_SECRET=_SECRET)
        get = in_process(*debug, "show", *where)
        self.assertEqual((0, 0), (put.code, get.code), put.err)
        self.assertIn("REQ: curl", get.err)
        self.assertNotIn(_SECRET, put.out + put.err + get.out + get.err)
