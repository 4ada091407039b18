"""The plug-ins of the manual, installed with pip as packages of their own."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import testtools

_ROOT = pathlib.Path(__file__).parents[3]
_EXAMPLES = _ROOT / "doc" / "examples"
_LIMIT = 300

# Stands for ssh: "-o BatchMode=yes HOST COMMAND". A host has updates until they are installed.
_SSH = """#!/bin/sh
echo "$3: $4" >> "$SSH_LOG/calls"
case "$4" in
*"apt-get -s "*) [ -e "$SSH_LOG/$3" ] || printf 'Reading\\nInst libc6\\n' ;;
*) touch "$SSH_LOG/$3"; echo "libc6 was installed" ;;
esac
"""


class PackagesTest(testtools.TestCase):
    """Nothing but pip and an entry point joins them to an engine."""

    def setUp(self) -> None:
        super().setUp()
        if not _EXAMPLES.is_dir():
            self.skipTest("the examples are not there: tests run from an installed package")
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.site = self.folder / "site"
        (self.folder / "bin").mkdir()
        ssh = self.folder / "bin" / "ssh"
        ssh.write_text(_SSH)
        ssh.chmod(0o755)
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.site), str(_ROOT)]),
            "PATH": f"{ssh.parent}{os.pathsep}{os.environ['PATH']}",
            "SSH_LOG": str(self.folder),
        }

    def python(self, *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "ignore", *argv],
            input=given,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
            cwd=self.folder,
            env=self.environment,
        )

    def install(self, package: str) -> None:
        # pip leaves a build folder in a package's sources.
        source = shutil.copytree(_EXAMPLES / package, self.folder / package)
        ended = self.python(
            "-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-index", "--no-deps",
            "--no-build-isolation", "--target", str(self.site), str(source),
        )  # fmt: skip
        self.assertEqual(0, ended.returncode, ended.stderr)

    def sessions(self, engine: dict[str, str], *bodies: dict[str, Any]) -> list[dict[str, Any]]:
        asked = json.dumps({"engine": engine, "sessions": bodies})
        ended = self.python("-m", "fenix.tests.functional.package_session", given=asked)
        self.assertEqual(0, ended.returncode, ended.stderr[-4000:])
        found: list[dict[str, Any]] = json.loads(ended.stdout.splitlines()[-1])
        return found

    def check(self, engine: dict[str, str]) -> str:
        """What an administrator is told of the plug-ins."""
        config = self.folder / "fenix.conf"
        lines = [f"{k} = {v}\n" for k, v in engine.items()]
        config.write_text(f"[DEFAULT]\nstate_path = {self.folder}\n[engine]\n{''.join(lines)}")
        return self.python(
            "-m", "fenix.cmd.status", "--config-file", str(config), "upgrade", "check"
        ).stdout

    def test_an_action(self) -> None:
        engine = {"actions": "dummy,hostpatch"}
        self.assertIn("hostpatch is configured but not installed", self.check(engine))
        self.install("hostpatch")
        self.assertIn(", dummy, hostpatch ", self.check(engine))

        def body(**metadata: Any) -> dict[str, Any]:
            return {"actions": [{"plugin": "hostpatch", "type": "host", "metadata": metadata}]}

        first, again, wrong = self.sessions(engine, body(), body(only="libc6"), body(only="; rm"))
        for detail, state, words in (
            (first, "SUCCEEDED", "libc6 was installed"),
            (again, "SKIPPED", "the goal holds already"),
        ):
            self.assertEqual("MAINTENANCE_DONE", detail["session"]["state"], detail)
            runs = {r["hostname"]: (r["state"], r["result"]) for r in detail[
                "action_plugin_instances"
            ]}  # fmt: skip
            hosts = ("compute-1", "compute-2", "controller-1")
            self.assertEqual(dict.fromkeys(hosts, (state, words)), runs)
        self.assertEqual(400, wrong["error"]["code"])
        self.assertIn(
            "metadata.only of hostpatch: '; rm' does not match", wrong["error"]["message"]
        )
        calls = (self.folder / "calls").read_text().splitlines()
        installed = [c for c in calls if "sudo" in c]
        self.assertEqual("controller-1: sudo apt-get -qq -y upgrade", installed[0])
        self.assertEqual(3, len(installed))

    def test_a_workflow(self) -> None:
        engine = {"workflows": "default,inplace"}
        self.install("inplace")
        self.assertIn("default, inplace, ", self.check(engine))
        actions = [{"plugin": "dummy", "type": kind} for kind in ("pre", "host", "soak", "post")]
        good = {"workflow": "inplace", "actions": actions, "parameters": {"soak": 0.2}}
        detail, wrong, elsewhere = self.sessions(
            engine,
            good,
            {"workflow": "inplace", "parameters": {"soak": "long"}},
            {"actions": [{"plugin": "dummy", "type": "soak"}]},
        )
        self.assertEqual("MAINTENANCE_DONE", detail["session"]["state"], detail["session"])
        self.assertEqual("inplace", detail["session"]["workflow"])
        self.assertEqual([True] * 3, [h["maintained"] for h in detail["hosts"]])
        self.assertEqual([False] * 3, [h["disabled"] for h in detail["hosts"]])
        self.assertEqual([0, 0], [i["moves"] for i in detail["instances"]])
        runs = [(r["type"], r["hostname"]) for r in detail["action_plugin_instances"]]
        hosts = ("controller-1", "compute-1", "compute-2")
        each = [(kind, host) for host in hosts for kind in ("host", "soak")]
        self.assertEqual([("pre", "localhost"), *each, ("post", "localhost")], runs)
        message = "parameters.soak of inplace: 'long' is not of type 'number'"
        self.assertEqual((400, message), (wrong["error"]["code"], wrong["error"]["message"]))
        self.assertEqual(422, elsewhere["error"]["code"])
        self.assertIn("'soak' is never run by workflow default", elsewhere["error"]["message"])
