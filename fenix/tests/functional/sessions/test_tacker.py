"""The calls and the habits of Tacker's maintenance plug-in, over a whole ``vnf`` session.

It is not Tacker: it sends what Tacker sends and believes what Tacker believes. Tacker repeats a
call until the answer is exactly 200, answers every state, sends ``Content-Type`` with DELETE, and
evaluates traits that begin as a list or an object does in Python.
"""

from __future__ import annotations

import ast
import json
from typing import Any

import requests

from fenix.tests.functional.sessions.base import Manager
from fenix.tests.functional.sessions.vnf_base import VnfTestCase

_STATES = {
    "MAINTENANCE",
    "SCALE_IN",
    "PREPARE_MAINTENANCE",
    "PLANNED_MAINTENANCE",
    "MAINTENANCE_COMPLETE",
    "INSTANCE_ACTION_DONE",
}
_NEEDED = {"instance_ids", "session_id", "state", "reply_url"}
_LISTS = ("allowed_actions", "instance_ids")
_GROUP = "0b8d4a3e6f5c4d1c9d3d1a2b3c4d5e6f"


class Tacker(Manager):
    """A manager of one VNF; ``answers`` has method, path and status of every call."""

    def __init__(self, session: Any, url: str) -> None:
        super().__init__(session)
        self.endpoint = url
        self.answers: list[tuple[str, str, int]] = []
        self.wrong: list[str] = []
        #: The VNF is busy with something else when it is asked for the first time.
        self.active = False

    def _work(self) -> None:
        while (body := self._todo.get()) is not None:
            try:
                self.notified(body)
            except (KeyError, SyntaxError, ValueError, requests.RequestException) as error:
                self.wrong.append(f"{type(error).__name__}: {error}")

    def notified(self, webhook: dict[str, Any]) -> None:
        """Decode as Tacker does, hold it against what it needs, and answer."""
        body: dict[str, Any] = {}
        for key, kind, value in webhook["reason_data"]["event"]["traits"]:
            is_literal = kind == 1 and value and value[0] in "[{"
            body[key] = ast.literal_eval(value) if is_literal else value
        if not body.keys() >= _NEEDED or body["state"] not in _STATES:
            raise ValueError(f"not a notification: {body}")
        state, data = body["state"], {}
        self.events.append(body)
        if state in ("PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE"):
            if any(type(body.get(key)) is not list for key in _LISTS):
                raise ValueError(f"not lists: {body}")
            data["instance_action"] = "MIGRATE"
        elif state == "SCALE_IN":
            before = {s.id for s in self.servers()}
            self.scale_in({"instances": 1})
            for instance_id in before - {s.id for s in self.servers()}:
                self.call("delete", f"{self.endpoint}/instance/{instance_id}")
        elif state == "MAINTENANCE_COMPLETE":
            self.scale_out()
            self.constrain()
        if state != "INSTANCE_ACTION_DONE":
            data.setdefault("instance_ids", [s.id for s in self.servers()])
        word, self.active = ("ACK" if self.active else "NACK"), True
        answer = {**data, "session_id": body["session_id"], "state": f"{word}_{state}"}
        self.call("put", body["reply_url"], answer)

    def constrain(self) -> None:
        """The rows of the VNF's group and of each instance."""
        group = {
            "group_id": _GROUP,
            "project_id": self.project_id,
            "group_name": "tacker_nonha_app_group_5f2e",
            "anti_affinity_group": False,
            "max_instances_per_host": 0,
            "resource_mitigation": True,
            "max_impacted_members": 1,
            "recovery_time": 0,
        }
        self.call("put", f"{self.endpoint}/instance_group/{_GROUP}", group)
        for server in self.servers():
            row = {
                "project_id": self.project_id,
                "instance_id": server.id,
                "instance_name": server.name,
                "migration_type": "MIGRATE",
                "resource_mitigation": True,
                "max_interruption_time": 120,
                "lead_time": 1,
                "group_id": _GROUP,
            }
            self.call("put", f"{self.endpoint}/instance/{server.id}", row)

    def forget(self) -> None:
        """When the VNF is deleted."""
        self.call("delete", f"{self.endpoint}/instance_group/{_GROUP}")
        for server in self.servers():
            self.call("delete", f"{self.endpoint}/instance/{server.id}")

    def call(self, method: str, url: str, data: dict[str, Any] | None = None) -> None:
        """One call, again until it is answered with 200."""
        headers = {
            "X-Auth-Token": self.session.get_token(),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        more = {} if data is None else {"data": json.dumps(data).encode()}
        for _ in range(5):
            answer = getattr(requests, method)(url, headers=headers, timeout=60, **more)
            self.answers.append((method, url, answer.status_code))
            if answer.status_code == 200:
                answer.json()
                return


class TackerTest(VnfTestCase):
    """A full cloud, so that every state is passed."""

    def build(self) -> None:
        self.computes(3, vcpus=2)
        self.instances("worker", {f"compute-{n}": 2 for n in range(1, 4)})

    def started(self) -> None:
        session = self.cluster.session_of(self.user, self.project)
        self.manager: Tacker = Tacker(session, f"{self.cluster.url}/v1")
        self.managers.append(self.manager)
        self.manager.subscribe(self.manager.start(), "maintenance.scheduled")

    def test_a_whole_session(self) -> None:
        self.manager.constrain()
        detail = self.maintain(metadata={"openstack_release": "Epoxy"})
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        (project,) = detail["projects"]
        self.assertEqual(["maintenance.scheduled"], project["event_types"])
        self.wait_for(lambda: len(self.cloud.servers) == 6, "scaling out")
        self.manager.forget()
        self.assertEqual([], self.manager.wrong)
        # A call that is answered with anything else is sent again.
        self.assertEqual([], [a for a in self.manager.answers if a[2] != 200])
        states = self.manager.states()
        self.assertEqual(["MAINTENANCE", "MAINTENANCE"], states[:2])
        self.assertEqual("MAINTENANCE_COMPLETE", states[-1])
        self.assertTrue({"SCALE_IN", "PLANNED_MAINTENANCE", "INSTANCE_ACTION_DONE"} <= {*states})
        self.assertEqual({"cold"}, {m.kind for m in self.cloud.record.moves} - {"own"})
        self.assert_cloud_sound()
