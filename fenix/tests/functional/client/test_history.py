"""What has happened: events, the live view where there is no terminal, pictures, engines."""

from __future__ import annotations

import pathlib
from xml.etree import ElementTree

from fenix.tests.functional.client.base import CommandLineTestCase
from fenix.tests.functional.sessions.test_faults import silence

_SVG = "{http://www.w3.org/2000/svg}"
_SLOW = '{"type": "host", "plugin": "dummy", "metadata": {"seconds": 1}}'
_FAILS = '{"type": "host", "plugin": "dummy", "metadata": {"fail": true}}'


class HistoryTest(CommandLineTestCase):
    """During a session, after it, and when it is deleted."""

    def picture(self, name: str) -> pathlib.Path:
        return pathlib.Path(self.cluster.conf.state_path) / name

    def bars(self, path: pathlib.Path, kind: str) -> int:
        """How many there are of a kind; the legend's is not counted."""
        rectangles = ElementTree.parse(path).getroot().iter(f"{_SVG}rect")
        return max(0, sum(r.get("class") == kind for r in rectangles) - 1)

    def test_from_the_beginning_to_after_the_end(self) -> None:
        session_id = self.worked(
            *("session", "create", "--host", "compute-1", "--action", _SLOW),
            *("-f", "value", "-c", "session_id"),
        ).out.strip()
        watched = self.worked(
            *("session", "watch", session_id, "--interval", "1"),
            *("--picture", str(self.picture("watched.svg"))),
            *("--screen", str(self.picture("screen.svg"))),
        ).out
        # The last that was to be seen.
        self.assertIn("100&#160;%", self.picture("screen.svg").read_text())
        # Standard output is no terminal here: its history, line by line.
        for words in ("reply  ACK_MAINTENANCE", "state  ", "move  worker-0-compute-1"):
            self.assertIn(words, watched)
        self.assertNotIn("\x1b", watched)

        events = self.worked("session", "events", session_id, "-f", "json").json()
        kinds = {e["Kind"] for e in events}
        self.assertTrue({"created", "state", "move", "notification", "reply"} <= kinds, kinds)
        times = [e["Time"] for e in events]
        self.assertEqual(sorted(times), times)
        only = self.worked(
            *("session", "events", session_id, "--kind", "phase", "--host", "compute-1"),
            *("-f", "value", "-c", "Message"),
        ).out.split("\n")
        self.assertEqual("compute-1: draining", only[0])
        self.assertEqual("compute-1: done", only[-2])

        shown = self.picture("shown.svg")
        self.worked("session", "show", session_id, "--picture", str(shown))
        self.worked("session", "delete", session_id, "--wait", "--interval", "1")
        deleted = self.picture("deleted.svg")
        self.worked("session", "events", session_id, "--picture", str(deleted))
        for path in (self.picture("watched.svg"), shown, deleted):
            found = {k: self.bars(path, k) for k in ("drain", "work", "move", "action", "wait")}
            self.assertEqual(1, found["drain"], path)
            self.assertEqual(1, found["work"], path)
            self.assertEqual(1, found["move"], path)
            self.assertEqual(1, found["action"], path)
            self.assertGreaterEqual(found["wait"], 2, path)
        self.assertIn("deleted since", deleted.read_text())
        self.assertIn("no session", self.refused("session", "watch", session_id))

    def test_a_look_at_a_session_that_goes_on(self) -> None:
        self.manager.answer["MAINTENANCE"] = silence
        session_id = self.create(hosts=["compute-1"])
        self.wait_for(lambda: self.manager.heard("MAINTENANCE"), "the question")
        path = self.picture("now.svg")
        printed = self.worked("session", "watch", session_id, "--once", "--screen", str(path)).out
        self.assertIn(f"{self.project.id}  is asked MAINTENANCE", printed)
        self.assertIn("0 of 1 hosts", printed)
        self.assertNotIn("\x1b", printed)
        words = [t.text or "" for t in ElementTree.parse(path).getroot().iter(f"{_SVG}text")]
        self.assertIn(f"session {session_id}", " ".join(words).replace("\xa0", " "))
        # A second look takes its place, and leaves nothing beside it.
        self.worked("session", "watch", session_id, "--once", "--screen", str(path))
        self.assertEqual([path], list(path.parent.glob("*now.svg*")))
        self.worked("reply", session_id, "ACK_MAINTENANCE", "--project", self.project.id)
        self.done(session_id)

    def test_a_session_that_fails(self) -> None:
        session_id = self.create(
            hosts=["compute-3"],
            actions=[{"plugin": "dummy", "type": "host", "metadata": {"fail": True}}],
        )
        path = self.picture("failed.svg")
        outcome = self.worked(
            *("session", "watch", session_id, "--interval", "1", "--picture", str(path)), code=3
        )
        self.assertIn("told to fail", outcome.err)
        self.assertGreaterEqual(self.bars(path, "failed-action"), 1)

    def test_a_picture_that_cannot_be_written(self) -> None:
        for path, words in (("x.png", "does not end in .svg"), ("/nowhere/x.svg", "no folder")):
            said = self.refused("session", "show", "s", "--picture", path, code=2)
            self.assertIn("--picture", said)
            self.assertIn(words, said)
            said = self.refused("session", "watch", "s", "--screen", path, code=2)
            self.assertIn("--screen", said)
            self.assertIn(words, said)
        folder = self.picture("folder.svg")
        folder.mkdir()
        session_id = self.create(hosts=["compute-1"])
        said = self.maintenance("session", "watch", session_id, "--once", "--screen", str(folder))
        self.assertEqual(1, said.code)
        self.assertTrue(said.err.startswith("--screen: "), said.err)
        self.done(session_id)

    def test_engines(self) -> None:
        (engine,) = self.worked("engine", "list", "-f", "json").json()
        self.assertIn("default", engine["Workflows"])
        self.assertIn("dummy", engine["Actions"])
        self.assertEqual([], engine["Sessions"])
