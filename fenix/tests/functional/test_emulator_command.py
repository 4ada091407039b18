"""``fenix-emulator``: managers that do well, and managers that do not."""

from __future__ import annotations

import http.server
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import testtools

from fenix.client import Client, ClientError, ProjectEvent, decode
from fenix.cmd.emulator import scenario
from fenix.cmd.emulator.play import Play
from fenix.cmd.emulator.stage import Stage

_EXAMPLE = pathlib.Path(__file__).parents[3] / "doc" / "examples" / "manager.py"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def emulator(*argv: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fenix.cmd.emulator", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


class GoodManagerTest(testtools.TestCase):
    """The example of the manual passes every scenario."""

    def passes(self, name: str, told: str) -> None:
        if not _EXAMPLE.exists():
            self.skipTest("the manual is not there: tests run from an installed package")
        port = free_port()
        done = emulator(
            *("--scenario", name, "--port", str(free_port()), "--json"),
            *("--manager-url", f"http://127.0.0.1:{port}/", "--"),
            *(sys.executable, str(_EXAMPLE), "vnf", "127.0.0.1", str(port)),
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        verdict = json.loads(done.stdout)
        self.assertEqual((name, True), (verdict["scenario"], verdict["passed"]))
        self.assertEqual({True}, {check["passed"] for check in verdict["checks"]})
        self.assertIn(f"told   {told}", done.stderr)

    def test_happy_path(self) -> None:
        self.passes("happy-path", "PLANNED_MAINTENANCE")

    def test_scale_in(self) -> None:
        self.passes("scale-in", "SCALE_IN: free 3 instances, 3 cores")

    def test_silent_manager(self) -> None:
        self.passes("silent-manager", "MAINTENANCE_COMPLETE")

    def test_failed_migration(self) -> None:
        self.passes("failed-migration", "INSTANCE_ACTION_DONE")

    def test_abort(self) -> None:
        self.passes("abort", "PLANNED_MAINTENANCE")

    def test_each_instance_by_itself(self) -> None:
        self.passes("per-instance", "PLANNED_MAINTENANCE: instance")


class BadManagerTest(testtools.TestCase):
    """Each says in the verdict what it did wrong."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(self.folder.cleanup)

    def verdict(self, text: str, status: int, behave: Callable[[Any, ProjectEvent], None]) -> Any:
        """Play a scenario against a manager; what is wrong, by check."""
        lines: list[str] = []
        chosen = scenario.read("test", text)
        with Stage(chosen, pathlib.Path(self.folder.name), 0, lines.append) as stage:
            client = Client(stage.cluster.session_of(stage.user, stage.project))

            class Webhook(http.server.BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    event = decode(self.rfile.read(int(self.headers["Content-Length"])))
                    self.send_response(status)
                    self.end_headers()
                    if isinstance(event, ProjectEvent) and event.expects_reply:
                        behave(client.replies, event)

                def log_message(self, *_: Any) -> None:
                    """Quiet."""

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            try:
                stage.subscribe(f"http://127.0.0.1:{server.server_port}/")
                checks = Play(chosen, stage, lines.append).run()
            finally:
                server.shutdown()
                serving.join()
                server.server_close()
        return {check.what: check.wrong for check in checks if not check.passed}

    def text(self, workers: int, room: int, reply: int = 20) -> str:
        return textwrap.dedent(f"""
            title: a test
            about: a test
            cloud: {{computes: 2, vcpus: {room}, instances: {{worker: {{count: {workers}}}}}}}
            settings: {{workflow: {{project_maintenance_reply: {reply}, scale_in_rounds: 1,
                                    scale_in_settle_time: 1, project_scale_in_reply: 20}}}}
            steps: [create: {{}}]
            asked: [MAINTENANCE]
            ends: MAINTENANCE_DONE
        """)

    def test_silent(self) -> None:
        def behave(replies: Any, event: ProjectEvent) -> None:
            if event.state == "MAINTENANCE":
                replies.accept(event)

        wrong = self.verdict(self.text(2, 4, reply=3), 200, behave)
        self.assertIn(
            "no ACK_PREPARE_MAINTENANCE and no NACK_PREPARE_MAINTENANCE came to reply_url",
            wrong["answers every question in time"],
        )
        self.assertIn("no reply to", wrong["lets the session end as MAINTENANCE_DONE"])

    def test_refused_and_ungrateful(self) -> None:
        def behave(replies: Any, event: ProjectEvent) -> None:
            if event.allowed_actions:
                try:
                    replies.accept(event, dict.fromkeys(replies.instances(event), "FLY"))
                except ClientError:
                    replies.accept(event)
            else:
                replies.accept(event)

        # It has taken the event, and says that it has not: Aodh would try again.
        wrong = self.verdict(self.text(2, 4), 404, behave)
        self.assertIn("HTTP 404", wrong["takes every webhook with a 2xx"])
        self.assertIn("FLY", wrong["sends replies that are accepted"])
        self.assertEqual(2, len(wrong), wrong)

    def test_agrees_and_frees_nothing(self) -> None:
        def behave(replies: Any, event: ProjectEvent) -> None:
            replies.accept(event)

        wrong = self.verdict(self.text(4, 2), 200, behave)
        self.assertIn("delete first", wrong["frees room before it agrees to SCALE_IN"])
        self.assertIn("lets the session end as MAINTENANCE_DONE", wrong)


class BadInputTest(testtools.TestCase):
    """One line that names the option and what to do; no trace."""

    def refused(self, code: int, *argv: str) -> str:
        done = emulator(*argv)
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        return done.stderr

    def test_options(self) -> None:
        said = self.refused(2, "--scenario", "nope")
        self.assertIn("--scenario: there is no scenario 'nope'; there are abort, ", said)
        said = self.refused(2, "--manager-url", "vnfm:9000")
        self.assertIn("--manager-url: 'vnfm:9000' is not the URL of a webhook", said)

    def test_no_manager(self) -> None:
        free = str(free_port())
        said = self.refused(3, "--port", free, "--manager-within", "1")
        self.assertIn("no event alarm of project vnf", said)
        url = f"http://127.0.0.1:{free_port()}/"
        said = self.refused(3, "--port", free, "--manager-url", url, "--", "false")
        self.assertIn("false ended with exit code 1 before there was webhook", said)

    def test_a_port_that_is_taken(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            said = self.refused(2, "--port", str(taken.getsockname()[1]))
        self.assertIn("is taken; name a free one", said)

    def test_scenarios_of_one_s_own(self) -> None:
        good = (scenario._FOLDER / "happy-path.yaml").read_text()
        for wrong, words in (
            ("[", "is not YAML"),
            ("text", "the file: 'text' is not of type 'object'"),
            (good.replace("vcpus: 4", "vcpus: 1"), "6 instances do not fit into 3 computes"),
            (good.replace("count: 2", "count: 4"), "4 instances cannot be kept apart on 3"),
            (good.replace("count: 2", "count: many"), "cloud.instances.ha.count: 'many'"),
            (good.replace("- create: {", "- destroy: {"), "steps.0: "),
            (good.replace("computes:", "failing_moves: db\n  computes:"), "no instances 'db'"),
        ):
            error = self.assertRaises(scenario.ScenarioError, scenario.read, "mine", wrong)
            self.assertIn(words, str(error))
        self.assertIn(
            "cannot be read",
            str(self.assertRaises(scenario.ScenarioError, scenario.load, "./nowhere.yaml")),
        )


class ManualTest(testtools.TestCase):
    """The page lists the scenarios that there are."""

    def test_the_list(self) -> None:
        page = pathlib.Path(__file__).parents[3] / "doc" / "source" / "emulator.rst"
        if not page.exists():
            self.skipTest("the manual is not there: tests run from an installed package")
        text = page.read_text()
        for name in scenario.names():
            self.assertIn(f"   {name:20} {scenario.load(name).title}\n", text)
            self.assertRegex(text, rf"(?m)^``{name}`` ")
