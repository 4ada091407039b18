"""Who one is: clouds.yaml, an application credential, a project's user, nobody."""

from __future__ import annotations

import pathlib
from typing import Any

import yaml

from fenix.tests.functional.client.base import CommandLineTestCase, Outcome, in_process


class CredentialsTest(CommandLineTestCase):
    """Behind Keystone."""

    settings: dict[str, dict[str, Any]] = {}

    def setUp(self) -> None:
        super().setUp()
        auth_url = str(self.admin.auth.auth_url)
        self.cloud.admin.credentials["app"] = ("hidden", self.cloud.admin_project)
        domains = {"user_domain_id": "default", "project_domain_id": "default"}

        def of(name: str, project: str, **more: Any) -> dict[str, Any]:
            auth = {"username": name, "password": "secret", "project_name": project, **domains}
            return {"auth": {"auth_url": auth_url, **auth, **more}, "region_name": "RegionOne"}

        application = {
            "auth_url": auth_url,
            "application_credential_id": "app",
            "application_credential_secret": "hidden",
        }
        clouds = {
            "admin": of(self.cloud.admin.name, self.cloud.admin_project.name),
            "vnf": of("vnf", "vnf"),
            "wrong": of("vnf", "vnf", password="wrong"),
            "app": {"auth_type": "v3applicationcredential", "auth": application},
            "elsewhere": {
                **of("vnf", "vnf"),
                "maintenance_endpoint_override": "http://127.0.0.1:1/v1",
            },
        }
        self.file = pathlib.Path(self.cluster.conf.state_path) / "clouds.yaml"
        self.file.write_text(yaml.safe_dump({"clouds": clouds}))

    def as_(self, cloud: str, *argv: str) -> Outcome:
        outcome = in_process(
            "--os-cloud", cloud, "maintenance", *argv, OS_CLIENT_CONFIG_FILE=str(self.file)
        )
        self.assertNotIn("Traceback", outcome.err)
        return outcome

    def test_an_administrator(self) -> None:
        for cloud in ("admin", "app"):
            outcome = self.as_(cloud, "session", "list", "-f", "json")
            self.assertEqual((0, []), (outcome.code, outcome.json()), outcome)

    def test_a_project_s_user(self) -> None:
        refused = self.as_("vnf", "session", "list")
        self.assertEqual(1, refused.code)
        self.assertIn("does not allow this with the roles of your token", refused.err)
        self.assertIn("HTTP 403, request req-", refused.err)
        self.manager.answer["MAINTENANCE"] = lambda payload: None
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        # Its own project is the one that is meant.
        self.assertEqual(0, self.as_("vnf", "reply", session_id, "ACK_MAINTENANCE").code)
        self.done(session_id)
        made = self.as_(
            "vnf", "instance", "constraint", "set", "i", "--lead-time", "5", "-f", "json"
        )
        self.assertEqual(self.project.id, made.json()["project_id"])
        foreign = self.as_(
            "vnf", "reply", session_id, "ACK_MAINTENANCE", "--project", self.cloud.admin_project.id
        )
        self.assertEqual(1, foreign.code)
        self.assertIn("HTTP 403", foreign.err)

    def test_what_is_wrong(self) -> None:
        wrong = self.as_("wrong", "session", "list")
        self.assertEqual(1, wrong.code)
        self.assertIn("requires authentication", wrong.err)
        elsewhere = self.as_("elsewhere", "session", "list")
        self.assertEqual(1, elsewhere.code)
        self.assertIn("http://127.0.0.1:1/v1/maintenance", elsewhere.err)
        self.cloud.maintenance_url = None
        nowhere = self.as_("admin", "session", "list")
        self.assertEqual(1, nowhere.code)
        self.assertIn("no endpoint of service type 'maintenance'", nowhere.err)

    def test_without_keystone_a_url_is_needed(self) -> None:
        refused = in_process("--os-auth-type", "none", "maintenance", "session", "list")
        self.assertEqual(1, refused.code)
        self.assertIn("--os-maintenance-endpoint-override", refused.err)
        outcome = in_process(
            *("--os-auth-type", "none", "--os-endpoint", self.cluster.url),
            *("maintenance", "session", "list"),
        )
        # It is found; without a token it lets nobody in. What else is set of clouds and users is
        # nothing to it.
        self.assertEqual(1, outcome.code)
        self.assertIn("HTTP 401", outcome.err)


class NobodyTest(CommandLineTestCase):
    """``--os-auth-type none``, where a cloud or OS_* are set for other commands."""

    def test_what_is_set_for_other_services_does_no_harm(self) -> None:
        file = pathlib.Path(self.cluster.conf.state_path) / "clouds.yaml"
        auth = {"auth_url": "http://127.0.0.1:1/v3", "username": "a", "password": "b"}
        nobody = {"auth_type": "none", "maintenance_endpoint_override": self.cluster.url}
        clouds = {"operator": {"auth": {**auth, "project_name": "c"}}, "nobody": nobody}
        file.write_text(yaml.safe_dump({"clouds": clouds}))
        variables = {
            "OS_AUTH_URL": "http://127.0.0.1:1/v3",
            "OS_USERNAME": "a",
            "OS_PASSWORD": "b",
            "OS_PROJECT_NAME": "c",
        }
        for environment in ({"OS_CLOUD": "operator"}, variables, {"OS_CLOUD": "nobody"}):
            options = [] if environment.get("OS_CLOUD") == "nobody" else self.options()
            outcome = in_process(
                *(*options, "maintenance", "session", "list", "-f", "json"),
                **environment,
                OS_CLIENT_CONFIG_FILE=str(file),
            )
            self.assertEqual((0, []), (outcome.code, outcome.json()), outcome)
        asked = in_process(
            *("--os-auth-type", "none", "maintenance", "session", "list"),
            OS_CLOUD="operator",
            OS_CLIENT_CONFIG_FILE=str(file),
        )
        self.assertEqual(1, asked.code)
        self.assertIn("--os-maintenance-endpoint-override: without Keystone", asked.err)
