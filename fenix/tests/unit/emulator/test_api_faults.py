"""Calls that go wrong on purpose, and the count of calls."""

import threading

import testtools
import wsgi_intercept
from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import session
from keystoneauth1.identity import v3
from novaclient import client, exceptions
from wsgi_intercept import requests_intercept

from fenix.emulator import Cloud, ManualClock
from fenix.emulator.wsgi import Application
from fenix.tests.unit.emulator import base


class TestApiFaults(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.vm = self.boot("vm", "c0")

    def get(self, **more):
        return self.call("compute", "GET", f"/servers/{self.vm.id}", **more)

    def test_the_next_calls_get_a_status(self):
        self.cloud.faults.next_calls("GET", r"/servers/", 503, times=2)
        codes = [self.get().status_code for _ in range(3)]
        self.assertEqual([503, 503, 200], codes)

    def test_novaclient_sees_its_exceptions(self):
        for code, error in ((409, exceptions.Conflict), (500, exceptions.ClientException)):
            self.cloud.faults.next_calls("POST", r"/action$", code)
            self.assertRaises(error, self.nova.servers.migrate, self.vm.id)
        self.assertEqual([], self.cloud.record.moves)

    def test_only_what_matches(self):
        fault = self.cloud.faults.next_calls("DELETE", r"/servers/", 500)
        self.assertEqual(200, self.get().status_code)
        self.assertEqual(0, fault.hits)

    def test_the_work_is_done_but_nobody_says_so(self):
        self.cloud.faults.next_calls("POST", r"/action$", 500, after=True)
        self.assertRaises(exceptions.ClientException, self.nova.servers.migrate, self.vm.id)
        self.assertEqual("RESIZE", self.show(self.vm)[0])

    def test_garbage(self):
        self.cloud.faults.next_calls("GET", r"/servers", "garbage")
        answer = self.get()
        self.assertEqual(200, answer.status_code)
        self.assertRaises(ValueError, answer.json)

    def test_the_connection_is_cut(self):
        self.cloud.faults.next_calls("GET", r"/servers", "cut")
        self.assertRaises(keystone_exceptions.ConnectionError, self.get)
        self.assertEqual(200, self.get().status_code)

    def test_no_answer_in_time(self):
        self.cloud.faults.next_calls("GET", r"/servers", "hang", seconds=30)
        self.assertRaises(
            keystone_exceptions.ConnectTimeout, self.get, timeout=0.05, connect_retries=0
        )
        self.cloud.faults.clear()
        self.assertEqual(200, self.get().status_code)

    def test_a_hanging_call_goes_on_when_the_faults_are_cleared(self):
        self.cloud.faults.next_calls("GET", r"/servers", "hang", seconds=30)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.get().status_code))
        thread.start()
        while self.cloud.faults.api:
            pass
        self.cloud.faults.clear()
        thread.join()
        self.assertEqual([503], answers)

    def test_what_no_fault_can_be(self):
        self.assertRaises(ValueError, self.cloud.faults.next_calls, "GET", "x", "explode")


class TestCount(base.EmulatorTestCase):
    def test_calls_are_counted_by_template(self):
        vm = self.boot("vm", "c0")
        self.nova.servers.list()
        self.cloud.record.reset_calls()
        for _ in range(3):
            self.nova.servers.get(vm.id)
        self.assertRaises(exceptions.NotFound, self.nova.servers.get, "nope")
        self.assertEqual(
            {("GET", "/compute/v2.1/servers/{server_id}"): 4}, dict(self.cloud.record.api_calls)
        )
        self.assertEqual(4, self.cloud.record.api_total)
        self.assertEqual({200: 3, 404: 1}, dict(self.cloud.record.api_statuses))

    def test_an_unknown_path_is_404(self):
        self.assertEqual(404, self.call("compute", "GET", "/nope").status_code)
        self.assertEqual(404, self.call("compute", "PATCH", "/servers").status_code)
        self.assertEqual(404, self.call("alarming", "GET", "/v3/x").status_code)


class TestWithoutASocket(testtools.TestCase):
    def test_the_application_can_be_intercepted(self):
        cloud = Cloud(ManualClock())
        cloud.add_host("c0")
        requests_intercept.install()
        self.addCleanup(requests_intercept.uninstall)
        application = Application(cloud)
        wsgi_intercept.add_wsgi_intercept("cloud.test", 80, lambda: application)
        self.addCleanup(wsgi_intercept.remove_wsgi_intercept, "cloud.test", 80)
        auth = v3.Password(
            auth_url="http://cloud.test/identity/v3",
            username="admin",
            password="secret",
            project_name="admin",
            user_domain_id="default",
            project_domain_id="default",
        )
        nova = client.Client("2.96", session=session.Session(auth=auth))
        self.assertEqual(["c0"], [s.host for s in nova.services.list()])
