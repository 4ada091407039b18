"""Keystone, seen by keystoneauth and keystonemiddleware."""

import fixtures
import webob
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3
from keystonemiddleware import auth_token
from oslo_config import cfg

from fenix.tests.unit.emulator import base


class TestIdentity(base.EmulatorTestCase):
    def test_a_password_gives_a_token_of_the_project(self):
        mine = self.session_of(self.user, "demo-secret", "demo")
        self.assertEqual(self.project.id, mine.get_project_id())
        self.assertEqual(self.user.id, mine.get_user_id())
        access = mine.auth.get_access(mine)
        self.assertEqual({"member", "reader"}, set(access.role_names))

    def test_an_admin_has_the_roles_that_admin_implies(self):
        access = self.session.auth.get_access(self.session)
        self.assertLessEqual({"admin", "member", "reader"}, set(access.role_names))

    def test_a_wrong_password_is_401(self):
        wrong = self.session_of(self.user, "nope", "demo")
        self.assertRaises(exceptions.Unauthorized, wrong.get_token)

    def test_a_foreign_project_is_401(self):
        foreign = self.session_of(self.user, "demo-secret", "admin")
        self.assertRaises(exceptions.Unauthorized, foreign.get_token)

    def test_a_token_gives_another_token(self):
        token = self.session.get_token()
        again = session.Session(
            auth=v3.Token(
                self.server.auth_url, token, project_name="admin", project_domain_id="default"
            )
        )
        self.assertNotEqual(token, again.get_token())
        self.assertEqual(self.session.get_user_id(), again.get_user_id())

    def test_the_catalogue(self):
        for service in ("identity", "compute", "placement", "alarming"):
            url = self.session.get_endpoint(service_type=service, interface="internal")
            self.assertTrue(url.startswith(self.server.url), service)
        self.assertRaises(
            exceptions.EndpointNotFound, self.session.get_endpoint, service_type="maintenance"
        )

    def test_the_catalogue_knows_the_maintenance_service_once_it_has_a_url(self):
        self.cloud.maintenance_url = "http://127.0.0.1:12347/v1"
        url = self.session.get_endpoint(service_type="maintenance")
        self.assertEqual("http://127.0.0.1:12347/v1", url)

    def test_versions_are_found_from_the_unversioned_url(self):
        plain = session.Session(
            auth=v3.Password(
                f"{self.server.url}/identity",
                username="admin",
                password="secret",
                project_name="admin",
                user_domain_id="default",
                project_domain_id="default",
            )
        )
        self.assertEqual(self.cloud.admin.id, plain.get_user_id())

    def test_projects_and_users(self):
        names = {p["name"] for p in self.call("identity", "GET", "/projects").json()["projects"]}
        self.assertEqual({"admin", "service", "demo"}, names)
        shown = self.call("identity", "GET", f"/projects/{self.project.id}").json()
        self.assertEqual("demo", shown["project"]["name"])
        self.assertEqual(404, self.call("identity", "GET", "/projects/nope").status_code)
        users = self.call("identity", "GET", "/users?name=demo").json()["users"]
        self.assertEqual([self.user.id], [u["id"] for u in users])

    def test_validation(self):
        good = self.cloud.issue_token(self.user, self.project)
        old = self.cloud.issue_token(self.user, self.project, seconds=-1)

        def check(token):
            headers = {"X-Subject-Token": token}
            return self.call("identity", "GET", "/auth/tokens", headers=headers)

        answer = check(good.id)
        self.assertEqual(200, answer.status_code)
        self.assertEqual(self.project.id, answer.json()["token"]["project"]["id"])
        self.assertEqual(404, check(old.id).status_code)
        self.assertEqual(404, check("nonsense").status_code)
        head = self.call("identity", "HEAD", "/auth/tokens", headers={"X-Subject-Token": good.id})
        self.assertEqual((200, b""), (head.status_code, head.content))

    def test_a_revoked_token_is_gone(self):
        token = self.cloud.issue_token(self.user, self.project)
        headers = {"X-Subject-Token": token.id}
        answer = self.call("identity", "DELETE", "/auth/tokens", headers=headers)
        self.assertEqual(204, answer.status_code)
        self.assertIsNone(self.cloud.token(token.id))


class TestMiddleware(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

        @webob.dec.wsgify
        def who(request):
            return ",".join(
                request.headers[name] for name in ("X-Project-Id", "X-User-Name", "X-Roles")
            )

        self.app = auth_token.AuthProtocol(
            who,
            {
                "oslo_config_config": cfg.ConfigOpts(),
                "auth_type": "password",
                "auth_url": self.server.auth_url,
                "www_authenticate_uri": self.server.auth_url,
                "username": "fenix",
                "password": "secret",
                "project_name": "service",
                "user_domain_id": "default",
                "project_domain_id": "default",
                "service_token_roles_required": "false",
            },
        )

    def get(self, token):
        request = webob.Request.blank("/", headers={"X-Auth-Token": token})
        return request.get_response(self.app)

    def test_a_good_token(self):
        token = self.cloud.issue_token(self.user, self.project)
        answer = self.get(token.id)
        self.assertEqual(f"{self.project.id},demo,member,reader", answer.text)

    def test_an_expired_token_and_nonsense_are_401(self):
        old = self.cloud.issue_token(self.user, self.project, seconds=-1)
        self.assertEqual(401, self.get(old.id).status_int)
        self.assertEqual(401, self.get("nonsense").status_int)
