"""What scripts read: every form of every command; and what they get for nonsense."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import yaml

from fenix.tests.functional.client.base import CommandLineTestCase, Outcome, in_process

_SOME = "11111111-1111-4111-8111-111111111111"
_READERS: dict[str, Any] = {
    "json": json.loads,
    "yaml": yaml.safe_load,
    "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
}


def _as_cell(value: Any) -> str:
    """What stands in CSV for a value of JSON."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


class FormsTest(CommandLineTestCase):
    """``-f`` of what prints something."""

    def test_every_command_in_every_form(self) -> None:
        session_id = self.create(hosts=["compute-3"])
        self.done(session_id)
        self.worked("instance", "constraint", "set", "i", "--lead-time", "5")
        self.worked("group", "constraint", "set", "g", "--recovery-time", "5")
        many = (
            ("session", "list"),
            ("session", "events", session_id),
            ("host", "list", session_id),
            ("engine", "list"),
        )
        one = (
            ("session", "show", session_id),
            ("plan", "--host", "compute-1"),
            ("instance", "constraint", "show", "i"),
            ("group", "constraint", "show", "g"),
        )
        for argv in many + one:
            said = {
                form: read(self.worked(*argv, "-f", form).out) for form, read in _READERS.items()
            }
            for form in ("json", "yaml"):
                self.assertTrue(said[form], (argv, form))
                self.assertIsInstance(said[form], list if argv in many else dict, (argv, form))
            rows = said["json"] if argv in many else [said["json"]]
            self.assertEqual([list(row) for row in rows], [list(row) for row in said["csv"]], argv)
            if argv[0] in ("plan", "engine"):
                continue  # A plan is made for the time of the day; an engine's heart beats.
            for row, cells in zip(rows, said["csv"], strict=True):
                for column, value in row.items():
                    self.assertEqual(_as_cell(value), cells[column], (argv, column))
            self.assertTrue(self.worked(*argv, "-f", "table").out.startswith("+-"), argv)
            column = next(iter(rows[0]))
            self.assertTrue(self.worked(*argv, "-f", "value", "-c", column).out.strip(), argv)

    def test_orders_in_csv(self) -> None:
        created = self.worked(
            "session", "create", "--host", "compute-3", "-f", "csv", "-c", "state"
        )
        self.assertEqual(["state", "MAINTENANCE"], [v.strip('"') for v in created.out.split()])

    def test_formats_of_other_commands_stay_as_they_are(self) -> None:
        said = in_process("configuration", "show", "-f", "csv")
        self.assertEqual(2, said.code)
        self.assertIn("invalid choice: 'csv'", said.err)


class NonsenseTest(CommandLineTestCase):
    """Codes 1 and 2, words that tell which argument it is, and never a trace."""

    def started(self) -> None:
        """No managers."""

    def test_arguments(self) -> None:
        host = ("session", "create", "--host", "compute-1")
        for argv, word in (
            (("session", "create", "--frob"), "--frob"),
            (("session", "create", "--host"), "--host"),
            (("session", "create", "--host", ""), "--host"),
            (("session", "create", "--host", "\x00"), "--host"),
            (("session", "create", "--host", "a" * 5000), "--host"),
            (("session", "create", "--host", "compute-1", "--host", "compute-1"), "--host"),
            ((*host, "--workflow", ""), "--workflow"),
            ((*host, "--workflow", "../../etc/passwd"), "--workflow"),
            ((*host, "--maintenance-at", "9999-12-31 23:59:59+25:00"), "--maintenance-at"),
            ((*host, "--window-end", "2001-01-01 00:00:00"), "--window-end"),
            ((*host, "--canary-soak", "-1"), "--canary-soak"),
            ((*host, "--max-failed-hosts", "1.5"), "--max-failed-hosts"),
            ((*host, "--max-parallel-hosts", "9" * 30), "--max-parallel-hosts"),
            ((*host, "--parameters", '{"a": 1}'), "--parameters"),
            ((*host, "--parameters", "{" * 2000), "--parameters"),
            ((*host, "--metadata", "=b"), "--metadata"),
            ((*host, "--action", '{"plugin": 1, "type": "host"}'), "--action"),
            ((*host, "--action", "type=host,plugin=dummy,order=first"), "--action"),
            ((*host, "--action", "type=none,plugin=dummy"), "--action"),
            ((*host, "--file", "/"), "--file"),
            ((*host, "--file", "/dev/null/x"), "--file"),
            ((*host, "--wait", "--interval", "0"), "--interval"),
            ((*host, "--timeout", "5"), "--timeout: it is for --wait"),
            ((*host, "--interval", "5"), "--interval: it is for --wait"),
            ((*host, "-c", "nothing"), "--column: there is no column 'nothing'"),
            ((*host, "--parameters", '{"a": NaN}'), "--parameters"),
            ((*host, "--canary-hosts", "99999999999"), "--canary-hosts"),
            ((*host, "-f", "csv", "--quote", "some"), "--quote"),
            (("session", "show"), "<session>"),
            (("session", "show", ""), "<session>"),
            (("session", "show", "../engines"), "<session>"),
            (("session", "show", _SOME), _SOME),
            (("session", "events", _SOME), _SOME),
            (("session", "events", "a-b"), "a-b"),
            (("session", "watch", _SOME), _SOME),
            (("session", "delete", _SOME), _SOME),
            (("session", "continue", _SOME, "--state", "NOWHERE"), _SOME),
            (("session", "list", "--marker", "x"), "--marker"),
            (("session", "list", "-f", "xml"), "-f"),
            (("session", "list", "-c", "Nothing"), "--column: there is no column 'Nothing'"),
            (("session", "list", "-c", "State", "-c", "Nothing"), "there are Session, State"),
            (("session", "list", "--sort-column", "Nothing"), "--sort-column"),
            (("session", "list", "--limit", "1001"), "--limit"),
            (("session", "pause"), "<session>"),
            (("session", "show", _SOME), "'openstack maintenance session list' lists"),
            (("instance", "constraint", "show", "i"), "the command 'set' makes them"),
            (("subscription", "set", "ftp://x"), "FENIX_WEBHOOK_SECRET"),
            (("dead", "letter", "list", "--limit", "x"), "--limit"),
            (("engine", "list", "--limit", "3"), "--limit"),
            (("session", "watch", _SOME, "--screen", "/nowhere/x.svg"), "--screen"),
            (("session", "delete", _SOME, "--timeout", "5"), "--timeout"),
            (("host", "list", "zzz"), "<session>"),
            (("host", "retry", _SOME, "compute-1"), _SOME),
            (("plan", "--host", "nowhere"), "--host"),
            (("plan", "--all-hosts", "--picture", "/nowhere/x.svg"), "--picture"),
            (("reply", _SOME, "ACK_MAINTENANCE"), "--project"),
            (("reply", _SOME, "FLY", "--project", "p"), "<reply>"),
            (("reply", _SOME, "ACK_MAINTENANCE", "--project", "p"), _SOME),
            (("instance", "constraint", "set", "i", "--migration-type", "FLY"), "--migration-type"),
            (("instance", "constraint", "set", "i", "--lead-time", "60,"), "--lead-time"),
            (("group", "constraint", "set", "g", "--recovery-time", "soon"), "--recovery-time"),
            (("group", "constraint", "show", "a/../b"), "a%2F..%2Fb"),
            (("frob",), "frob"),
        ):
            outcome = self.maintenance(*argv)
            said = outcome.err + outcome.out
            self.assertIn(outcome.code, (1, 2), (argv, outcome))
            self.assertNotIn("Traceback", said, argv)
            self.assertIn(word, said, argv)
        self.assertEqual([], self.request("GET").json()["sessions"])

    def test_pictures_and_files_that_are_none(self) -> None:
        for body, words in (
            ("[1]", "--file"),
            ("hosts: [compute-1", "--file"),
            ("{frob: 1, hosts: [compute-1]}", "frob"),
            ("hosts: 5", "--host"),
            ("{maintenance_at: 5, hosts: [compute-1]}", "--maintenance-at"),
            ("hosts: &a [*a]", "--file"),
            ("{hosts: [compute-1], metadata: {x: .nan}}", "--file"),
            ("{hosts: [compute-1], metadata: {x: !!binary aGFsbG8=}}", "--file"),
            ("hosts: !!set {compute-1}", "--file"),
            ("hosts: !!python/object/apply:os.getcwd []", "--file"),
            ("{hosts: [compute-1], metadata: {[1]: 2}}", "--file"),
        ):
            path = self.cluster._directory / "session.yaml"
            path.write_text(body)
            outcome: Outcome = self.maintenance("session", "create", "--file", str(path))
            self.assertIn(outcome.code, (1, 2), (body, outcome))
            self.assertNotIn("Traceback", outcome.err)
            self.assertIn(words, outcome.err, body)
        path.write_bytes(b"\xff\xfe\x00")
        self.assertIn("--file", self.refused("session", "create", "--file", str(path), code=2))

    def test_dates_in_files_are_texts(self) -> None:
        path = self.cluster._directory / "session.yaml"
        path.write_text("hosts: [compute-3]\nmetadata: {day: 2026-12-01}\n")
        created = self.worked("session", "create", "--file", str(path), "-f", "json").json()
        self.assertEqual({"day": "2026-12-01"}, created["metadata"])
        # What is said of kinds that do not exist, and what of one that did not occur.
        events = ("session", "events", created["session_id"], "--kind")
        said = self.refused(*events, "nothing")
        self.assertIn("--kind: 'nothing' is no kind of event; there are action, command", said)
        self.assertEqual([], self.worked(*events, "failure", "-f", "json").json())
        self.done(created["session_id"])
