"""The commands, as processes of their own."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

import testtools

from fenix.db import schema

_ROOT = pathlib.Path(__file__).parents[3]
_LIMIT = 120


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a fresh process, with this checkout on its path."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", *argv],
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT), **environment},
    )


class CommandsTest(testtools.TestCase):
    """What a deployer runs."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name) / "fenix.conf"
        self.write(f"[DEFAULT]\nstate_path = {folder.name}\ntransport_url = fake:///\n")

    def write(self, text: str) -> None:
        self.config.write_text(text)

    def command(self, name: str, *argv: str) -> subprocess.CompletedProcess[str]:
        return run("-m", f"fenix.cmd.{name}", "--config-file", str(self.config), *argv)

    def test_the_way_of_a_database(self) -> None:
        before = self.command("status", "upgrade", "check")
        self.assertEqual(2, before.returncode, before.stderr)
        self.assertIn("fenix-manage db upgrade", "".join(before.stdout.split("|")))
        self.assertIn("none", self.command("manage", "db", "version").stdout)
        upgraded = self.command("manage", "db", "upgrade")
        self.assertEqual(0, upgraded.returncode, upgraded.stderr)
        self.assertIn(schema.head(), upgraded.stdout)
        self.assertEqual(schema.head(), self.command("manage", "db", "version").stdout.strip())
        after = self.command("status", "upgrade", "check")
        self.assertEqual(0, after.returncode, after.stdout)
        purged = self.command("manage", "db", "purge", "--older-than", "1")
        self.assertEqual("Deleted: 0 events, 0 notifications, 0 impacts.", purged.stdout.strip())

    def test_errors_are_one_line(self) -> None:
        self.write("[database]\nconnection = nonsense://\n[DEFAULT]\ntransport_url = fake:///\n")
        for name, *argv in (
            ("manage", "db", "version"),
            ("manage", "db", "upgrade"),
            ("engine",),
        ):
            failed = self.command(name, *argv)
            self.assertEqual(1, failed.returncode, failed.stdout)
            self.assertNotIn("Traceback", failed.stderr)
            self.assertIn("[database] connection", failed.stderr)

    def test_an_engine_without_its_tables_does_not_start(self) -> None:
        failed = self.command("engine")
        self.assertEqual(1, failed.returncode)
        self.assertIn("run 'fenix-manage db upgrade'", failed.stderr)
        self.assertNotIn("Traceback", failed.stderr)

    def test_an_engine_with_a_plugin_that_is_not_there_does_not_start(self) -> None:
        self.command("manage", "db", "upgrade")
        self.config.write_text(self.config.read_text() + "[engine]\nactions = missing\n")
        failed = self.command("engine")
        self.assertEqual(1, failed.returncode)
        self.assertIn("fenix.actions: missing is configured but not installed", failed.stderr)
        self.assertNotIn("Traceback", failed.stderr)

    def test_an_engine_with_an_authority_that_is_not_there_does_not_start(self) -> None:
        self.command("manage", "db", "upgrade")
        more = "[service_auth]\ncafile = /nowhere/ca.pem\n"
        self.config.write_text(self.config.read_text() + more)
        failed = self.command("engine")
        self.assertEqual(1, failed.returncode)
        self.assertIn("fenix-engine: [service_auth] cafile = /nowhere/ca.pem: ", failed.stderr)
        self.assertNotIn("Traceback", failed.stderr)


class EventletTest(testtools.TestCase):
    """API, engine and cloud on green threads."""

    def test_a_session(self) -> None:
        test = (
            "fenix.tests.functional.sessions.test_default.OutsideHostsTest."
            "test_instances_move_once_onto_hosts_outside"
        )
        done = run("-m", "testtools.run", test, FENIX_CONCURRENCY="eventlet")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("Ran 1 test", done.stdout)
