"""A cloud without Aodh: managers are called at the webhooks that their projects registered."""

from __future__ import annotations

import collections
import json
import threading
from typing import Any

from fenix import client
from fenix.db import models, outbox, records, rows
from fenix.tests.functional.sessions.base import Manager
from fenix.tests.functional.sessions.vnf_base import VnfTestCase

_LOOPBACK = {"allow_http": True, "allowed_networks": "127.0.0.0/8", "retry_interval": 0.1}


class Called(Manager):
    """A manager that counts calls, and answers some with a code of a test's choice."""

    def __init__(self, session: Any, **more: Any) -> None:
        super().__init__(session, **more)
        self.calls: list[tuple[str, str]] = []
        #: Codes for the next calls with a state, before it takes them.
        self.codes: dict[str, list[int]] = {}

    def receive(self, body: bytes, signature: str | None) -> int:
        event = client.decode(body)
        self.calls.append((event.state, event.message_id))
        codes = self.codes.get(event.state)
        if codes:
            return codes.pop(0)
        return int(super().receive(body, signature))


class WebhookTestCase(VnfTestCase):
    """The same application as elsewhere; only the way to its manager is another."""

    settings: dict[str, dict[str, Any]] = {
        "webhook": _LOOPBACK,
        "notifications": {"project_event_types": ""},
    }

    def build(self) -> None:
        self.cloud.not_deployed.add("alarming")
        self.computes(4)
        self.workers = self.instances("worker", {f"compute-{n}": 4 for n in range(1, 5)})

    def started(self) -> None:
        self.manager: Called = self.called()
        self.manager.register(self.manager.start())

    def called(self) -> Called:
        made = Called(self.cluster.session_of(self.user, self.project))
        self.managers.append(made)
        return made

    def outbox(self, *where: Any) -> list[records.Outgoing]:
        with self.cluster.database.reader() as session:
            return rows.select(session, models.outbox, records.Outgoing, *where)

    def to_project(self) -> list[records.Outgoing]:
        return self.outbox(models.outbox.c.channel == self.project.id)

    def dead_letters(self, **query: str) -> list[dict[str, Any]]:
        answer = self.admin.get(f"{self.cluster.url}/v1/dead_letters", params=query)
        found: list[dict[str, Any]] = answer.json()["dead_letters"]
        return found


class WholeSessionTest(WebhookTestCase):
    """Every state, in both workflows."""

    def check(self, detail: dict[str, Any]) -> None:
        self.assertEqual([True] * 4, [h["maintained"] for h in detail["hosts"]])
        self.assert_cloud_sound()
        (project,) = detail["projects"]
        self.assertEqual(
            (True, "webhook", ["maintenance.planned"]),
            (project["has_manager"], project["carrier"], project["event_types"]),
        )
        told = self.to_project()
        self.assertEqual({("webhook", outbox.SENT)}, {(r.carrier, r.status) for r in told})
        # Each once, and in the order in which they were written.
        self.assertEqual(
            [r.message_id for r in sorted(told, key=lambda r: r.outbox_id)],
            [message_id for _state, message_id in self.manager.calls],
        )
        states = list(dict(self.manager.calls))
        self.assertEqual("MAINTENANCE", states[0])
        self.assertEqual("MAINTENANCE_COMPLETE", states[-1])
        self.assertIn("SCALE_IN", states)
        self.assertIn("INSTANCE_ACTION_DONE", states)
        self.assertEqual([], self.dead_letters())

    def test_default(self) -> None:
        self.check(self.done(self.create(metadata={"openstack_release": "Epoxy"})))

    def test_vnf(self) -> None:
        self.group("workers", self.workers, max_impacted_members=2, recovery_time=0)
        detail = self.maintain()
        self.check(detail)
        for event in self.manager.heard("PLANNED_MAINTENANCE"):
            (instance_id,) = self.manager.instances(event)
            self.assertTrue(event["reply_url"].endswith(f"/{instance_id}"))


class TroubleTest(WebhookTestCase):
    """Managers that do not take what they are told."""

    settings = {
        "webhook": {**_LOOPBACK, "give_up": 1, "timeout": 5},
        "workflow": {"project_maintenance_reply": 3, "project_scale_in_reply": 3},
        "notifications": {"project_event_types": ""},
    }

    def test_it_is_tried_again(self) -> None:
        self.manager.codes = {"MAINTENANCE": [500, 503], "PLANNED_MAINTENANCE": [404]}
        self.done(self.create())
        counted = collections.Counter(self.manager.calls)
        first = self.manager.calls[0]
        self.assertEqual(("MAINTENANCE", 3), (first[0], counted[first]))
        self.assertEqual(1, len(self.manager.heard("MAINTENANCE")))

    def test_what_may_have_arrived_is_not_repeated_where_that_would_scale_twice(self) -> None:
        self.manager.codes = {"SCALE_IN": [500]}
        session_id = self.create()
        self.wait_for(self.dead_letters, "the answer to SCALE_IN is lost")
        (letter,) = self.dead_letters(session_id=session_id)
        self.assertEqual(
            ("unsure", "SCALE_IN", "webhook", self.project.id, 1),
            tuple(letter[k] for k in ("status", "state", "carrier", "channel", "attempts")),
        )
        self.assertIn("answered 500", letter["error"])
        self.assertIn("did not answer SCALE_IN", self.silence(session_id))
        scale_in = [m for s, m in self.manager.calls if s == "SCALE_IN"]
        self.assertEqual(len(scale_in), len(set(scale_in)))

    def silence(self, session_id: str) -> str:
        def told() -> str:
            return next((e.message for e in self.history(session_id) if e.kind == "silence"), "")

        found: str = self.wait_for(told, "its time is over")
        return found

    def test_nobody_there(self) -> None:
        self.manager.codes = {"MAINTENANCE": [503] * 1000}
        session_id = self.create()
        reason = self.reason(session_id)
        self.assertIn(f"no reply to MAINTENANCE from project {self.project.id}", reason)
        self.assertIn("alarm or webhook reaches it", reason)
        (letter,) = self.dead_letters(channel=self.project.id)
        self.assertEqual(("dead", session_id), (letter["status"], letter["session_id"]))
        self.assertRegex(letter["error"], r"answered 503; given up after \d+ s, \d+ tries")
        warnings = [e for e in self.history(session_id) if e.kind == "warning"]
        self.assertEqual([self.project.id], [e.project_id for e in warnings])
        self.assertIn("did not arrive", warnings[0].message)

    def test_a_subscription_that_is_deleted_meanwhile(self) -> None:
        self.manager.codes = {"MAINTENANCE": [503] * 3}
        session_id = self.create()
        self.wait_for(lambda: self.manager.calls, "a first call")
        self.manager._maintenance("DELETE", f"/subscription/{self.project.id}")
        self.wait_state(session_id, "MAINTENANCE_FAILED", "MAINTENANCE_DONE")
        for letter in self.dead_letters():
            self.assertEqual("the project has no subscription any more", letter["error"])

    def test_a_wrong_signature_is_refused(self) -> None:
        body = json.dumps({}).encode()
        self.assertEqual(403, Manager.receive(self.manager, body, "t=1,v1=" + "0" * 64))
        self.assertEqual(403, Manager.receive(self.manager, body, None))


class SlowManagerTest(WebhookTestCase):
    """A manager that does not answer holds up its own project only."""

    settings = {
        "webhook": {**_LOOPBACK, "timeout": 60, "parallel": 2},
        "notifications": {"project_event_types": ""},
    }

    def build(self) -> None:
        super().build()
        self.cloud.add_host("compute-9", vcpus=4, memory_mb=65536)
        self.other = self.cloud.add_project("slow")
        self.other_user = self.cloud.add_user("slow", project=self.other)

    def test_others_are_told(self) -> None:
        go = threading.Event()
        self.addCleanup(go.set)
        slow = Called(self.cluster.session_of(self.other_user, self.other))
        self.managers.append(slow)
        reached = threading.Event()

        def hold(_body: bytes, _signature: str | None) -> int:
            reached.set()
            go.wait(60)
            return 503

        slow.receive = hold  # type: ignore[method-assign]
        slow.register(slow.start())
        self.instances("slow", {"compute-9": 1}, self.other)
        first = self.create(hosts=["compute-9"])
        self.assertTrue(reached.wait(60))
        second = self.create(hosts=["compute-1"])
        self.done(second)
        self.assertEqual("MAINTENANCE", self.detail(first)["session"]["state"])


class BesideAodhTest(WebhookTestCase):
    """Where there is Aodh, too."""

    settings = {"webhook": _LOOPBACK}

    def build(self) -> None:
        super().build()
        self.cloud.not_deployed.discard("alarming")

    def test_with_an_alarm_as_well_it_hears_once(self) -> None:
        self.manager.subscribe(f"http://127.0.0.1:{self.manager._server.server_port}/alarm")
        self.done(self.create(hosts=["compute-1"]))
        ids = [m for _s, m in self.manager.calls]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual({"webhook"}, {r.carrier for r in self.to_project()})
        self.assertEqual([], list(self.cloud.record.webhooks))

    def test_aodh_is_not_asked_where_all_have_registered(self) -> None:
        self.cloud.faults.next_calls("GET", "/v2/alarms", 500, times=1000)
        self.done(self.create(hosts=["compute-1"]))


class NobodyTest(WebhookTestCase):
    """A project that has registered nothing, in a cloud where only that counts."""

    def build(self) -> None:
        self.cloud.not_deployed.add("alarming")
        self.computes(2)
        self.instances("worker", {"compute-1": 1})

    def started(self) -> None:
        self.manager = self.called()
        self.manager.start()

    def test_it_has_no_manager(self) -> None:
        detail = self.done(self.create(hosts=["compute-1"]))
        self.assertEqual([False], [p["has_manager"] for p in detail["projects"]])
        self.assertEqual([], self.to_project())
