"""Aodh's API, with the requests that aodhclient makes."""

from fenix.tests.unit.emulator import base

ALL = "/v2/alarms?q.field=all_projects&q.op=eq&q.value=true"


class TestAlarms(base.EmulatorTestCase):
    def setUp(self):
        super().setUp()
        self.demo = self.session_of(self.user, "demo-secret", "demo")

    def ask(self, method, path, session=None, **more):
        answer = (session or self.demo).request(
            path, method, endpoint_filter={"service_type": "alarming"}, raise_exc=False, **more
        )
        return answer.status_code, answer.json() if answer.content else None

    def create(self, session=None, **more):
        body = {
            "name": "a",
            "type": "event",
            "event_rule": {"event_type": "maintenance.*"},
            "alarm_actions": ["http://127.0.0.1:1/x"],
            **more,
        }
        return self.ask("POST", "/v2/alarms", session, json=body)

    def test_what_is_made_is_shown(self):
        code, made = self.create(repeat_actions=True)
        self.assertEqual(201, code)
        self.assertEqual((200, made), self.ask("GET", f"/v2/alarms/{made['alarm_id']}"))
        self.assertEqual((200, [made]), self.ask("GET", "/v2/alarms"))
        self.assertEqual(self.project.id, made["project_id"])
        self.assertEqual("insufficient data", made["state"])
        self.assertEqual(
            (True, True, {"event_type": "maintenance.*", "query": []}),
            (made["enabled"], made["repeat_actions"], made["event_rule"]),
        )

    def test_all_projects(self):
        made = self.create()[1]
        self.assertEqual((200, []), self.ask("GET", "/v2/alarms", self.session))
        self.assertEqual((200, [made]), self.ask("GET", ALL, self.session))
        self.assertEqual(403, self.ask("GET", ALL)[0])

    def test_a_plain_parameter_is_refused_as_the_real_one_does(self):
        code, body = self.ask("GET", "/v2/alarms?all_projects=true", self.session)
        self.assertEqual(400, code)
        self.assertIn("Unknown argument", body["error_message"]["faultstring"])

    def test_filters_and_pages(self):
        first, second = (self.create(name=n)[1] for n in ("one", "two"))
        self.assertEqual([first], self.ask("GET", "/v2/alarms?q.field=name&q.value=one")[1])
        self.assertEqual([second], self.ask("GET", "/v2/alarms?limit=1")[1])
        marker = f"/v2/alarms?limit=1&marker={second['alarm_id']}"
        self.assertEqual([first], self.ask("GET", marker)[1])
        for bad in ("q.field=nope&q.value=1", "q.field=name&q.op=gt&q.value=1"):
            self.assertEqual(400, self.ask("GET", f"/v2/alarms?{bad}")[0])
        self.assertEqual(500, self.ask("GET", "/v2/alarms?marker=nope")[0])

    def test_what_is_refused(self):
        for wrong in (
            {"type": "gnocchi_resources_threshold"},
            {"name": ""},
            {"event_rule": None},
            {"event_rule": {"query": [{"field": "x", "op": "zz", "value": "1"}]}},
            {"alarm_actions": ["nope://x"]},
            {"state": "nope"},
        ):
            self.assertEqual(400, self.create(**wrong)[0], wrong)
        other = self.cloud.admin_project.id
        self.assertEqual(403, self.create(project_id=other)[0])
        self.assertEqual(201, self.create(self.session, project_id=self.project.id)[0])

    def test_update_state_delete(self):
        made = self.create()[1]
        path = f"/v2/alarms/{made['alarm_id']}"
        changed = self.ask("PUT", path, json={**made, "enabled": False})[1]
        self.assertFalse(changed["enabled"])
        self.assertEqual((200, "alarm"), self.ask("PUT", f"{path}/state", json="alarm"))
        self.assertEqual((200, "alarm"), self.ask("GET", f"{path}/state"))
        self.assertEqual(400, self.ask("PUT", f"{path}/state", json="nope")[0])
        self.assertEqual(204, self.ask("DELETE", path)[0])
        self.assertEqual(404, self.ask("GET", path)[0])

    def test_a_foreign_alarm_is_not_there(self):
        made = self.create(self.session)[1]
        self.assertEqual(404, self.ask("GET", f"/v2/alarms/{made['alarm_id']}")[0])
