"""The contract of action plug-ins, held by a running engine."""

from __future__ import annotations

import itertools
import threading
from typing import Any, ClassVar

from fenix.tests.functional.sessions.base import SessionTestCase
from fenix.workflow.action import BaseAction, Result, State


class Scripted(BaseAction):
    """Does what its test says; the table is by the name in ``metadata``."""

    script: ClassVar[dict[str, Any]] = {}
    calls: ClassVar[list[tuple[str, str, int]]] = []

    def _do(self, what: str, default: Any) -> Any:
        self.calls.append((what, self.task.hostname, self.task.attempt))
        found = self.script.get(what, default)
        return found(self.task) if callable(found) else found

    def run(self) -> Result:
        return self._do("run", Result(State.SUCCEEDED, "well done"))  # type: ignore[no-any-return]

    def done(self) -> bool:
        return bool(self._do("done", False))

    def health(self) -> bool:
        return bool(self._do("health", True))


class Impatient(Scripted):
    """May take half a second."""

    timeout = 0.5


def raising(text: str) -> Any:
    def fail(_task: Any) -> Any:
        raise RuntimeError(text)

    return fail


class ActionContractTest(SessionTestCase):
    """Results, gates, limits; one empty host is enough."""

    settings = {"workflow": {"action_retries": 0}}

    def build(self) -> None:
        self.computes(1)

    def started(self) -> None:
        self.managers = []
        plugins = self.cluster.engines[0].plugins.actions
        plugins.update(scripted=Scripted, impatient=Impatient)
        Scripted.calls.clear()

    def session(self, plugin: str = "scripted", **script: Any) -> str:
        Scripted.script = script
        return self.create(actions=[{"plugin": plugin, "type": "host"}])

    def run_of(self, session_id: str) -> tuple[str, str]:
        """State and result of the only run."""
        (run,) = self.detail(session_id)["action_plugin_instances"]
        return run["state"], run["result"]

    def asked(self, what: str) -> int:
        return sum(1 for call, _, _ in Scripted.calls if call == what)

    def test_succeeded_and_skipped_and_failed(self) -> None:
        session_id = self.session()
        self.done(session_id)
        self.assertEqual(("SUCCEEDED", "well done"), self.run_of(session_id))
        session_id = self.session(run=Result(State.SKIPPED, "nothing to do"))
        self.done(session_id)
        self.assertEqual(("SKIPPED", "nothing to do"), self.run_of(session_id))
        session_id = self.session(run=Result(State.FAILED, "no space left"))
        self.assertIn("no space left", self.reason(session_id))
        self.assertEqual(("FAILED", "no space left"), self.run_of(session_id))

    def test_what_is_done_is_not_run_but_gated(self) -> None:
        session_id = self.session(done=True)
        self.done(session_id)
        self.assertEqual(("SKIPPED", "the goal holds already"), self.run_of(session_id))
        self.assertEqual((0, 1), (self.asked("run"), self.asked("health")))
        session_id = self.session("impatient", done=True, health=False)
        self.assertIn("compute-1 was not well in time", self.reason(session_id))

    def test_what_raises_has_failed_with_its_words(self) -> None:
        for what in ("done", "run"):
            session_id = self.session(**{what: raising(f"{what} broke")})
            self.assertIn(f"RuntimeError: {what} broke", self.reason(session_id))
            self.assertEqual("disabled", self.service("compute-1").status)
            self.request("DELETE", f"/{session_id}")

    def test_what_is_no_result(self) -> None:
        self.assertIn("run() returned NoneType, not a Result", self.reason(self.session(run=None)))

    def test_text_that_databases_do_not_take(self) -> None:
        session_id = self.session(run=Result(State.SUCCEEDED, "a\0b\udcffc" + "x" * 5000))
        self.done(session_id)
        _, result = self.run_of(session_id)
        self.assertEqual("ab?cx", result[:5])
        self.assertEqual(4000, len(result))

    def test_health_is_asked_until_it_is_well(self) -> None:
        answers = iter([False, raising("connection refused"), True])

        def health(task: Any) -> Any:
            answer = next(answers)
            return answer(task) if callable(answer) else answer

        session_id = self.session(health=health)
        self.done(session_id)
        self.assertEqual((1, 3), (self.asked("run"), self.asked("health")))

    def test_health_that_does_not_come(self) -> None:
        reason = self.reason(self.session("impatient", health=raising("connection refused")))
        self.assertIn("compute-1 was not well in time after the action", reason)
        self.assertIn("RuntimeError: connection refused", reason)

    def test_one_that_hangs_is_given_up(self) -> None:
        hanging, told = threading.Event(), threading.Event()
        self.addCleanup(hanging.set)

        def hang(task: Any) -> Result:
            hanging.wait(60)
            try:
                task.heartbeat()
            except Exception:  # the run is not ours any more
                told.set()
                raise
            return Result(State.SUCCEEDED, "late")

        session_id = self.session("impatient", run=hang)
        self.assertIn("not finished within 0.5 s", self.reason(session_id))
        hanging.set()
        self.assertTrue(told.wait(10), "its heartbeat did not say so")
        self.assertEqual(("FAILED", "not finished within 0.5 s"), self.run_of(session_id))
        Scripted.script = {}
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
        self.assertEqual(("SUCCEEDED", "well done"), self.run_of(session_id))
        self.assertEqual(2, Scripted.calls[-1][2])

    def test_a_heartbeat_of_a_run_that_is_alive(self) -> None:
        session_id = self.session(run=lambda task: Result(State.SUCCEEDED, str(task.heartbeat())))
        self.done(session_id)
        self.assertEqual(("SUCCEEDED", "None"), self.run_of(session_id))


class OrderTest(SessionTestCase):
    """By ``order``, then by name, one after the other; types in their sequence."""

    def build(self) -> None:
        self.cloud.add_host("mixed", vcpus=4, memory_mb=4096, roles=("controller", "compute"))

    def started(self) -> None:
        self.managers = []
        plugins = self.cluster.engines[0].plugins.actions
        plugins.update(dict.fromkeys(("a", "b", "c"), Scripted))
        Scripted.script, Scripted.calls[:] = {}, []

    def test_it(self) -> None:
        wanted = [
            ("c", "pre", -1),
            ("a", "pre", 0),
            ("c", "host", 1),
            ("a", "host", 2),
            ("b", "host", 2),
            ("b", "controller", 0),
            ("a", "compute", 0),
            ("a", "post", 0),
        ]
        shuffled = [wanted[i] for i in (7, 4, 2, 6, 1, 3, 5, 0)]
        detail = self.done(
            self.create(actions=[{"plugin": p, "type": t, "order": o} for p, t, o in shuffled])
        )
        runs = detail["action_plugin_instances"]
        self.assertEqual(wanted, [(r["plugin"], r["type"], r["order"]) for r in runs])
        for before, after in itertools.pairwise(runs):
            self.assertLessEqual(before["finished_at"], after["started_at"])
        hosts = [r["hostname"] for r in runs]
        self.assertEqual(["localhost"] * 2 + ["mixed"] * 5 + ["localhost"], hosts)


class RefusedActionTest(SessionTestCase):
    """What a session cannot be created with."""

    settings = {"command_action": {"allow": "patch = /bin/true {host}"}}

    def build(self) -> None:
        self.computes(1)

    def started(self) -> None:
        self.managers = []

    def refused(self, code: int, message: str, **action: Any) -> None:
        answer = self.request("POST", json={"actions": [{"type": "host", **action}]})
        self.assertEqual(code, answer.status_code, answer.text)
        self.assertIn(message, answer.json()["error"]["message"])
        self.assertEqual([], self.request("GET").json()["session_id"])

    def test_each_names_what_is_wrong(self) -> None:
        self.refused(
            400, "metadata.seconds of dummy: 'ten' is not of type", plugin="dummy",
            metadata={"seconds": "ten"},
        )  # fmt: skip
        self.refused(400, "metadata of command: 'command' is a required property", plugin="command")
        self.refused(
            400, "metadata of nova_service_check: Additional properties",
            plugin="nova_service_check", metadata={"minutes": 5},
        )  # fmt: skip
        self.refused(
            422, "[command_action] allows no command 'rm -rf /'; allowed: patch",
            plugin="command", metadata={"command": "rm -rf /"},
        )  # fmt: skip
        self.refused(
            422, "type 'hosts' is never run by workflow default; it runs compute, controller, host",
            plugin="dummy", type="hosts",
        )  # fmt: skip
        self.refused(400, "actions[0].order", plugin="dummy", order="first")


class BuiltInActionsTest(SessionTestCase):
    """``command`` and ``nova_service_check`` on each host."""

    settings = {
        "command_action": {"allow": "say = /bin/echo {host} $$HOME `id` ; {key}"},
        "workflow": {"action_retries": 0},
    }

    def build(self) -> None:
        self.computes(2)

    def started(self) -> None:
        self.managers = []

    def test_output_is_kept_and_nothing_interprets_it(self) -> None:
        detail = self.done(
            self.create(
                actions=[
                    {"plugin": "command", "type": "host", "metadata": {"command": "say"}},
                    {"plugin": "nova_service_check", "type": "compute"},
                ]
            )
        )
        runs = detail["action_plugin_instances"]
        said = {r["hostname"]: r["result"] for r in runs if r["plugin"] == "command"}
        self.assertEqual({"compute-1", "compute-2"}, set(said))
        for host, words in said.items():
            self.assertRegex(words, rf"^say: exit status 0\n{host} \$HOME `id` ; [0-9a-f]{{32}}$")
        self.assertEqual(2, len(set(said.values())))
        self.assertEqual(4, sum(r["state"] == "SUCCEEDED" for r in runs))

    def test_a_service_that_stays_down(self) -> None:
        self.cloud.host_down("compute-1")
        nova = self.cluster.engines[0].ports.cloud
        self.wait_for(lambda: any(not h.up for h in nova.hosts()), "Nova says down")
        action = {"plugin": "nova_service_check", "type": "host", "metadata": {"seconds": 0}}
        session_id = self.create(hosts=["compute-1"], actions=[action])
        self.assertIn("not up within 0 s: a service is down", self.reason(session_id))
        self.cloud.host_up("compute-1")
        self.request("PUT", f"/{session_id}")
        self.done(session_id)
