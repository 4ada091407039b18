"""What YAML cannot say of the protocol: raw bytes, failing services, what leaves the process."""

from __future__ import annotations

import io
import logging
import os
import sqlite3
import threading
import unittest
from unittest import mock

import webob
import wsgi_intercept
from keystoneauth1 import discover, session
from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_log import log as logging_setup
from sqlalchemy import exc as sa_exc
from wsgi_intercept import requests_intercept

from fenix.api import health
from fenix.db import models, sessions
from fenix.tests import base
from fenix.tests.functional import keystone, sample, stand_in
from fenix.tests.functional.service import Service
from fenix.wsgi import api as wsgi

RED = {"X-Project-Id": sample.RED}


class PathsTest(base.ApiTestCase):
    def test_a_path_that_is_not_utf8(self) -> None:
        self.assert_error(self.call("GET", "/v1/instance/%ff%fe"), 400, "the path is not UTF-8")

    def test_a_path_in_another_script(self) -> None:
        path = "/v1/instance/%E6%97%A5%E6%9C%AC"
        self.assertEqual(200, self.call("PUT", path, {"lead_time": 1}).status_int)
        self.assertEqual("日本", self.call("GET", path).json["instance_id"])

    def test_a_slash_in_an_id(self) -> None:
        self.assert_error(self.call("GET", "/v1/instance/a%2Fb"), 404, "nothing lies at 'b'")

    def test_dots_are_an_id(self) -> None:
        self.assert_error(self.call("GET", "/v1/instance/.."), 404, "no constraints of instance")

    def test_more_query_than_anybody_sends(self) -> None:
        query = "&".join(f"a{i}=1" for i in range(101))
        self.assert_error(self.call("GET", f"/v1/maintenance?{query}"), 400, "the query cannot")

    def test_a_nul_in_the_query(self) -> None:
        path = "/v1/instance/i?project_id=%00"
        self.assert_error(self.call("GET", path), 400, "the query contains a NUL")

    def test_a_prefix_of_the_service(self) -> None:
        environ = {"SCRIPT_NAME": "/maintenance"}
        request = webob.Request.blank("/v1/maintenance", environ=environ)
        self.assertEqual(200, request.get_response(self.service.app).status_int)


class BodiesTest(base.ApiTestCase):
    def test_too_large(self) -> None:
        response = self.call("PUT", "/v1/instance/i", b" " * 1048577)
        self.assert_error(response, 413, "the body is longer than 1048576 bytes")

    def test_just_not_too_large(self) -> None:
        body = b'{"a": "' + b"x" * (1048576 - 9) + b'"}'
        self.assertEqual(1048576, len(body))
        self.assertEqual(200, self.call("PUT", "/v1/instance/i", body).status_int)

    def test_shorter_than_announced(self) -> None:
        request = webob.Request.blank("/v1/instance/i", method="PUT")
        request.environ.update({"CONTENT_LENGTH": "9", "wsgi.input": io.BytesIO(b"{}")})
        response = request.get_response(self.service.app)
        self.assert_error(response, 400, "the body ended after 2 of 9 announced bytes")

    def test_a_length_that_is_none(self) -> None:
        for length in ("nine", "-1"):
            request = webob.Request.blank("/v1/instance/i", method="PUT")
            request.environ["CONTENT_LENGTH"] = length
            with self.subTest(length):
                self.assertIn(request.get_response(self.service.app).status_int, (400, 413))

    def test_a_form_of_several_parts(self) -> None:
        body = b'--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\ndelete\r\n--x--\r\n'
        response = self.call("POST", "/v1/maintenance", body)
        self.assert_error(response, 400, "the body is not JSON")
        request = webob.Request.blank("/v1/maintenance", method="POST", body=body)
        request.content_type = "multipart/form-data; boundary=x"
        self.assert_error(request.get_response(self.service.app), 400, "_method:")


class FailuresTest(base.ApiTestCase):
    def test_a_defect_is_logged_and_not_shown(self) -> None:
        with (
            mock.patch("fenix.db.sessions.ids", side_effect=RuntimeError("swordfish")),
            self.assertLogs("fenix.api.errors", logging.ERROR) as logs,
        ):
            response = self.call("GET", "/v1/maintenance")
        self.assert_error(response, 500, "the service failed at this request; its log says why")
        self.assertNotIn("swordfish", response.text)
        self.assertIn("swordfish", logs.output[0])
        self.assertIn("Traceback", logs.output[0])

    def test_a_database_that_is_away(self) -> None:
        away = db_exc.DBConnectionError()
        with mock.patch("fenix.db.sessions.ids", side_effect=away):
            response = self.call("GET", "/v1/maintenance")
        self.assert_error(response, 503, "the database cannot be reached")

    def test_a_database_that_fails(self) -> None:
        driver = sqlite3.OperationalError("database or disk is full")
        full = sa_exc.OperationalError("INSERT swordfish", {"a": "swordfish"}, driver)
        for error, message in (
            (db_exc.DBError(full), "the database fails (it may be full"),
            (db_exc.DBDeadlock(), "the database is too busy"),
            (sa_exc.TimeoutError(), "the database cannot be reached"),
        ):
            with (
                self.subTest(message),
                mock.patch("fenix.db.sessions.ids", side_effect=error),
                self.assertLogs("fenix.api.errors") as logs,
            ):
                response = self.call("GET", "/v1/maintenance")
                self.assert_error(response, 503, message)
                self.assertNotIn("swordfish", response.text + "".join(logs.output))
                self.assertNotIn("Traceback", "".join(logs.output))

    def test_a_statement_that_is_wrong_is_a_defect(self) -> None:
        wrong = db_exc.DBDataError(sa_exc.DataError("INSERT", {}, Exception("too long")))
        with (
            mock.patch("fenix.db.sessions.ids", side_effect=wrong),
            self.assertLogs("fenix.api.errors", logging.ERROR),
        ):
            self.assertEqual(500, self.call("GET", "/v1/maintenance").status_int)

    def test_health_of_a_database_that_hangs(self) -> None:
        release = threading.Event()
        self.addCleanup(release.set)
        with (
            mock.patch.object(
                self.service.database, "reader", side_effect=lambda: release.wait(60)
            ),
            mock.patch.object(health, "_PATIENCE", 0.1),
        ):
            response = self.call("GET", "/healthcheck")
        self.assert_error(response, 503, "the database does not answer")

    def test_health_of_a_database_that_is_away(self) -> None:
        away = db_exc.DBConnectionError()
        with mock.patch.object(self.service.database, "reader", side_effect=away):
            response = self.call("GET", "/healthcheck")
        self.assert_error(response, 503, "the database does not answer")

    def test_a_database_without_tables(self) -> None:
        models.metadata.drop_all(self.service.database.engine)
        for path in ("/v1/maintenance", "/healthcheck"):
            response = self.call("GET", path)
            self.assert_error(response, 503, "the database has no tables; run 'fenix-manage db")


class RequestLogTest(base.ApiTestCase):
    def test_one_line_each(self) -> None:
        with self.assertLogs("fenix.api.requestlog", logging.INFO) as logs:
            self.call("GET", "/healthcheck")
            self.call("PUT", "/v1/maintenance/a%0Ab", {})
        (line,) = logs.output
        self.assertRegex(line, r'"PUT \'/v1/maintenance/a\\nb\'" 400 \d+ bytes \d\.\d{3} s$')


class DelayedTest(base.ApiTestCase):
    """keystonemiddleware can be told to let requests without a token pass."""

    sections = {
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": {"delay_auth_decision": "true"},
    }

    def test_they_do_not(self) -> None:
        for headers in ({}, {"X-Identity-Status": "Confirmed", "X-Roles": "admin"}):
            response = self.call("GET", "/v1/maintenance", headers=headers)
            self.assert_error(response, 401, "the request carries no valid token")


class WsgiTest(base.ApiTestCase):
    def test_the_application_for_wsgi_servers(self) -> None:
        config = str(self.service.folder / "fenix.conf")
        cfg.CONF.reset()  # a WSGI server starts with an empty one
        with (
            mock.patch.dict(os.environ, {wsgi.FILES: config}),
            mock.patch.object(wsgi, "_made", []),
            mock.patch.object(logging_setup, "setup"),
        ):
            response = webob.Request.blank("/v1/maintenance").get_response(wsgi.application)
        self.assertEqual(
            (200, {"session_id": [], "sessions": []}), (response.status_int, response.json)
        )


class DrainedTest(base.ApiTestCase):
    sections = {
        "healthcheck": {
            "backends": "disable_by_file",
            "disable_by_file_path": "/dev/null",
        }
    }

    def test_an_operator_takes_it_out_of_service(self) -> None:
        self.assert_error(self.call("GET", "/healthcheck"), 503, "")


class KeystoneAwayTest(base.ApiTestCase):
    sections = {
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": {
            **keystone.options_of("http://127.0.0.1:9"),
            "http_request_max_retries": 0,
        },
    }

    def test_it_is_said(self) -> None:
        response = self.call("GET", "/v1/maintenance", headers={"X-Auth-Token": "some"})
        self.assert_error(response, 503, "The server is currently unavailable")
        self.assertIn("Keystone", response.json["error"]["message"])

    def test_versions_need_no_keystone(self) -> None:
        self.assertEqual(200, self.call("GET", "/").status_int)


class EngineTest(base.ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.service.with_sample()

    @property
    def endpoint(self) -> stand_in.Endpoint:
        return self.service.engine.endpoint

    def test_a_command_carries_the_request_id_and_no_project(self) -> None:
        response = self.call(
            "POST", "/v1/maintenance", {"hosts": ["x"]}, RED | {"X-Roles": "admin"}
        )
        _, context, arguments = self.endpoint.calls[-1]
        self.assertEqual(response.headers["x-openstack-request-id"], context["request_id"])
        self.assertNotIn(sample.RED, str(context))
        self.assertEqual(response.json["session_id"], arguments["session_id"])

    def test_times_reach_the_engine_in_the_wire_format(self) -> None:
        body = {"hosts": ["y"], "maintenance_at": "2026-11-21T12:00:00.5+02:00"}
        self.call("POST", "/v1/maintenance", body)
        _, _, arguments = self.endpoint.calls[-1]
        self.assertEqual("2026-11-21 10:00:00", arguments["body"]["maintenance_at"])

    def test_a_reply_wakes_an_engine_and_a_late_one_does_not(self) -> None:
        path = f"/v1/maintenance/{sample.EMPTYING}/{sample.RED}"
        self.endpoint.woken.clear()
        self.call("PUT", path, {"state": "ACK_MAINTENANCE"}, RED)
        self.assertFalse(self.endpoint.woken.wait(0.3))
        self.call("PUT", path, {"state": "ACK_PLANNED_MAINTENANCE"}, RED)
        self.assertTrue(self.endpoint.woken.wait(5))
        self.assertIn({"session_id": sample.EMPTYING}, [c[2] for c in self.endpoint.calls])

    def test_a_reply_wakes_the_session_in_the_database(self) -> None:
        path = f"/v1/maintenance/{sample.ASKING}/{sample.RED}"
        before = sessions.get(self.service.database, sample.ASKING).wakes
        self.call("PUT", path, {"state": "ACK_MAINTENANCE"}, RED)
        self.assertEqual(before + 1, sessions.get(self.service.database, sample.ASKING).wakes)


class DiscoveryTest(unittest.TestCase):
    """Clients find the service through keystoneauth; it reads the documents."""

    def test_keystoneauth_understands_the_documents(self) -> None:
        service = Service({"api": {"public_endpoint": "http://fenix.example.org:12347/v1/"}})
        service.start()
        self.addCleanup(service.stop)
        requests_intercept.install()
        self.addCleanup(requests_intercept.uninstall)
        wsgi_intercept.add_wsgi_intercept("fenix.example.org", 12347, lambda: service.app)
        self.addCleanup(wsgi_intercept.remove_wsgi_intercept)
        http = session.Session()
        for url in ("http://fenix.example.org:12347", "http://fenix.example.org:12347/v1"):
            with self.subTest(url):
                found = discover.Discover(http, url, authenticated=False).data_for("1")
                self.assertEqual("http://fenix.example.org:12347/v1", found["url"])
                self.assertEqual((1, 0), found["version"])
