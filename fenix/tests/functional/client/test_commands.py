"""What an administrator does with the command line, and what they see."""

from __future__ import annotations

import csv
import io

import yaml

from fenix.tests.functional.client.base import CommandLineTestCase, in_a_process
from fenix.tests.functional.sessions.test_faults import silence

_COMPLETE = ("session", "host", "engine", "instance", "group", "reply")


class LifeOfASessionTest(CommandLineTestCase):
    """From its creation to its deletion."""

    def test_a_session(self) -> None:
        created = self.worked(
            *("session", "create", "--host", "compute-1", "--host", "compute-2"),
            *("--action", "type=host,plugin=dummy,order=2", "--metadata", "release=Epoxy"),
            *("--wait", "--interval", "1", "-f", "json"),
        )
        shown = created.json()
        self.assertEqual("MAINTENANCE_DONE", shown["state"])
        self.assertEqual("2 of 2 maintained", shown["hosts"])
        self.assertEqual(["host: dummy"], shown["actions"])
        self.assertEqual({"release": "Epoxy"}, shown["metadata"])
        # The id is said before anything is waited for; the rest is progress.
        said = created.err.splitlines()
        self.assertEqual(f"Session {shown['session_id']} is created.", said[0])
        self.assertIn("MAINTENANCE_DONE  2 of 2 hosts  100 %", said[-1])
        self.assertNotIn(" left", said[-1])

        session_id = shown["session_id"]
        listed = self.worked("session", "list", "-f", "csv").out
        (row,) = csv.DictReader(io.StringIO(listed))
        self.assertEqual((session_id, "100"), (row["Session"], row["Percent Done"]))
        by_prefix = self.worked("session", "show", session_id[:6], "-f", "yaml").out
        self.assertEqual(session_id, yaml.safe_load(by_prefix)["session_id"])
        hosts = self.worked("host", "list", session_id, "-f", "json").json()
        self.assertEqual(
            [("compute-1", "done", True), ("compute-2", "done", True)],
            [(h["Host"], h["Phase"], h["Maintained"]) for h in hosts],
        )
        self.assertEqual([], self.worked("host", "list", "-f", "json").json())

        self.worked("session", "delete", session_id, "--wait", "--interval", "1")
        self.assertEqual([], self.worked("session", "list", "-f", "json").json())
        self.assertIn(
            f"no session '{session_id}'", self.refused("session", "show", session_id, code=1)
        )

    def test_a_session_from_a_file(self) -> None:
        path = self.cluster.conf.state_path + "/session.yaml"
        with open(path, "w") as file:
            file.write("hosts: [compute-3]\nmetadata: {a: b}\nactions: []\n")
        created = self.worked(
            "session", "create", "--file", path, "--metadata", "c=d", "-f", "json"
        ).json()
        self.assertEqual("0 of 1 maintained", created["hosts"])
        self.assertEqual({"a": "b", "c": "d"}, created["metadata"])
        self.done(created["session_id"])

    def test_a_process_of_its_own(self) -> None:
        outcome = in_a_process(*self.options(), "maintenance", "session", "list", "-f", "json")
        self.assertEqual((0, []), (outcome.code, outcome.json()), outcome)
        failed = in_a_process(*self.options(), "maintenance", "session", "show", "nonsense")
        self.assertEqual(1, failed.code)
        self.assertEqual(
            "<session>: no session begins with 'nonsense'; 'openstack maintenance session list' "
            "lists them",
            failed.err.strip(),
        )
        completion = in_a_process("complete")
        for word in _COMPLETE:
            self.assertIn(f"cmds_maintenance_{word}", completion.out)


class OutcomesTest(CommandLineTestCase):
    """Exit codes that a script can use."""

    def test_failed(self) -> None:
        outcome = self.worked(
            *("session", "create", "--host", "compute-3", "--wait", "--interval", "1"),
            *("--action", '{"type": "host", "plugin": "dummy", "metadata": {"fail": true}}'),
            *("-f", "value", "-c", "state"),
            code=3,
        )
        self.assertEqual("MAINTENANCE_FAILED", outcome.out.strip())
        self.assertIn("told to fail", outcome.err)

    def test_not_yet(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        outcome = self.worked(
            *("session", "create", "--host", "compute-1", "--wait", "--timeout", "3"),
            *("--interval", "1", "-f", "json"),
            code=4,
        )
        shown = outcome.json()
        self.assertEqual([f"{self.project.id}: MAINTENANCE"], shown["waiting_for"])
        self.assertIn("it goes on", outcome.err)
        # The manager's part, by hand.
        self.worked("reply", shown["session_id"], "ACK_MAINTENANCE", "--project", self.project.id)
        self.done(shown["session_id"])


class RepliesTest(CommandLineTestCase):
    """A manager's answers, by hand."""

    def test_actions(self) -> None:
        asked: list[object] = []
        self.manager.answer["PLANNED_MAINTENANCE"] = asked.append
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: asked, "the question")
        (worker,) = [s for s in self.cloud.servers if s.host and s.host.name == "compute-1"]
        reply = ("reply", session_id, "ACK_PLANNED_MAINTENANCE", "--project", self.project.id)
        self.assertIn("--action: action 'EVICTION'", self.refused(*reply, "--action", "EVICTION"))
        self.assertIn(
            "argument --action",
            self.refused(*reply, "--action", "FLY", code=2),
        )
        self.worked(*reply, "--action", f"{worker.id}=MIGRATE")
        self.done(session_id)
        self.assertEqual(["cold"], [m.kind for m in self.cloud.record.moves_of(worker.id)])


class ConstraintsTest(CommandLineTestCase):
    """Set, show, unset."""

    def started(self) -> None:
        """No managers."""

    def test_an_instance(self) -> None:
        self.worked("instance", "constraint", "set", "i1", "--lead-time", "40", "--group-id", "g")
        self.worked("instance", "constraint", "set", "i1", "--migration-type", "live_migrate")
        shown = self.worked("instance", "constraint", "show", "i1", "-f", "json").json()
        self.assertEqual(
            (40, "g", "LIVE_MIGRATE", None),
            tuple(
                shown[k] for k in ("lead_time", "group_id", "migration_type", "resource_mitigation")
            ),
        )
        self.worked("instance", "constraint", "set", "i1", "--no-resource-mitigation")
        self.worked("instance", "constraint", "unset", "i1", "--group-id")
        shown = self.worked("instance", "constraint", "show", "i1", "-f", "json").json()
        self.assertEqual((None, False), (shown["group_id"], shown["resource_mitigation"]))
        self.worked("instance", "constraint", "unset", "i1", "--all")
        said = self.refused("instance", "constraint", "show", "i1")
        self.assertIn("no constraints of instance 'i1'", said)
        self.assertRegex(said, r"\(HTTP 404, request req-[0-9a-f-]{36}\)")

    def test_a_group_of_another_project(self) -> None:
        self.worked(
            *("group", "constraint", "set", "g", "--project", "p2", "--recovery-time", "60"),
            *("--anti-affinity-group", "--max-impacted-members", "2", "--group-name", "ha"),
        )
        shown = self.worked(
            "group", "constraint", "show", "g", "--project", "p2", "-f", "json"
        ).json()
        self.assertEqual(
            ("p2", 60, True, 2),
            tuple(
                shown[k]
                for k in (
                    "project_id",
                    "recovery_time",
                    "anti_affinity_group",
                    "max_impacted_members",
                )
            ),
        )
        self.worked("group", "constraint", "unset", "g", "--project", "p2", "--recovery-time")
        self.worked("group", "constraint", "unset", "g", "--project", "p2", "--all")
        self.refused("group", "constraint", "show", "g", "--project", "p2")


class BadInputTest(CommandLineTestCase):
    """A refusal names the option and what to do."""

    def started(self) -> None:
        """No managers."""

    def test_before_anything_is_sent(self) -> None:
        host = ("session", "create", "--host", "compute-1")
        some = "11111111-1111-4111-8111-111111111111"
        for argv, words in (
            ((*host, "--maintenance-at", "tomorrow"), ["--maintenance-at", "2026-01-31 23:30:00"]),
            ((*host, "--all-hosts"), ["--all-hosts", "not allowed with argument --host"]),
            ((*host, "--metadata", "a"), ["--metadata", "'a'", "<key>=<value>"]),
            ((*host, "--action", "plugin=dummy"), ["--action", "type is missing"]),
            ((*host, "--action", "{"), ["--action", "is not JSON"]),
            ((*host, "--action", "type=a,plugin=b,x=c"), ["--action", "x is unknown"]),
            ((*host, "--canary-soak", "1h"), ["--canary-soak", "'1h'", "number of seconds"]),
            ((*host, "--max-parallel-hosts", "-1"), ["--max-parallel-hosts"]),
            ((*host, "--parameters", "[]"), ["--parameters", "JSON object"]),
            ((*host, "--file", "/nowhere/x.yaml"), ["--file", "cannot be read"]),
            ((*host, "--wait", "--timeout", "0"), ["--timeout", "from 1 on"]),
            (("reply", some, "YES"), ["<reply>", "ACK_MAINTENANCE"]),
            (("session", "list", "--limit", "many"), ["--limit", "whole number"]),
            (
                ("group", "constraint", "set", "g", "--max-impacted-members", "0"),
                ["--max-impacted-members", "from 1 on"],
            ),
        ):
            said = self.refused(*argv, code=2)
            for word in words:
                self.assertIn(word, said, argv)

    def test_what_only_the_command_can_tell(self) -> None:
        for argv, words in (
            (("session", "create"), ["--host", "--all-hosts"]),
            (("instance", "constraint", "set", "i"), ["at least one of", "--lead-time"]),
            (("group", "constraint", "unset", "g"), ["at least one of", "--all"]),
            (("session", "pause", "zzz"), ["<session>", "session list"]),
        ):
            said = self.refused(*argv)
            self.assertEqual(1, len(said.splitlines()), said)
            for word in words:
                self.assertIn(word, said, argv)

    def test_what_the_service_refuses(self) -> None:
        host = ("session", "create", "--host", "compute-1")
        for argv, begin in (
            (("session", "create", "--host", "none"), "--host: the cloud does not know none"),
            ((*host, "--workflow", "none"), "--workflow: "),
            ((*host, "--metadata", "a=" + "b" * 255), "--metadata: its Python repr"),
            ((*host, "--action", "type=host,plugin=none"), "--action"),
            (
                ("instance", "constraint", "set", "i", "--lead-time", str(2**31)),
                "--lead-time: 2147483648 is more than",
            ),
        ):
            said = self.refused(*argv)
            self.assertTrue(said.startswith(begin), said)
            self.assertIn("request req-", said)
            self.assertEqual(1, len(said.splitlines()), said)

    def test_no_service(self) -> None:
        self.cluster.url = "http://127.0.0.1:1"
        said = self.refused("session", "list")
        self.assertIn("127.0.0.1:1", said)
        self.assertEqual(1, len(said.splitlines()), said)
