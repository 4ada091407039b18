"""Engines of two releases side by side, a version of the schema apart, and a session between them.

The older release is the code before the newest migration, out of this checkout's history.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import testtools
from oslo_upgradecheck import upgradecheck

from fenix.cmd import status
from fenix.db import models, schema
from fenix.tests.live import broker, test_databases

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "tools"))
from benchmarks.service import clouds, neighbours
from benchmarks.service.deployment import Deployment
from benchmarks.service.managers import Managers

_ROOT = pathlib.Path(__file__).parents[3]
_MIGRATIONS = "fenix/db/migrations/versions"
_UNTIL = 180.0


class _Deployment(Deployment):
    """Begins with the older release; engines of either can be added."""

    def __init__(self, older: pathlib.Path, version: str, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.schema_version = version
        # The folder that the test runs in has the newer one.
        self._older = {
            "PYTHONPATH": os.pathsep.join((str(older), str(older / "tools"))),
            "PYTHONSAFEPATH": "1",
        }
        self._is_older = True
        self._count = 0

    def _process(self, name: str, *command: str, **environment: str) -> Any:
        own = self._older if self._is_older else {}
        return super()._process(name, *command, **environment, **own)

    def add_engine(self, *, older: bool) -> Any:
        """Start an engine; returns its process."""
        self._is_older = older
        self._count += 1
        file = ["--config-file", str(self._folder / "fenix.conf")]
        return self._engine(self._count, self._folder / f"statements-{self._count}", file)


class TwoReleasesTest(testtools.TestCase):
    """The same session, handed from one to the other and back."""

    def setUp(self) -> None:
        super().setUp()
        for variable in (broker.VARIABLE, test_databases.MariaDBTest.variable):
            if not os.environ.get(variable):
                self.skipTest(f"{variable} is not set: 'tools/services up' starts the server")
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        version = self._unpack(self.folder / "older")
        found = self.enterContext(neighbours.found())
        url = self.enterContext(found.database())
        self.scene = clouds.used(5, vcpus=5, speed=5.0)
        self.fenix = _Deployment(
            self.folder / "older",
            version,
            self.scene,
            found,
            url,
            self.folder,
            {"engine": {"lease": 3, "poll_interval": 0.5, "cloud_poll_interval": 0.2}},
            Managers(patience=_UNTIL),
        )
        self.addCleanup(self.fenix.__exit__)
        self.fenix.__enter__()

    def _unpack(self, folder: pathlib.Path) -> str:
        """The older release's code; returns the version of its schema."""
        newest = f"v{schema.head()}_"
        (path,) = (p for p in (_ROOT / _MIGRATIONS).iterdir() if p.name.startswith(newest))
        added = self._git("log", "--format=%H", "--diff-filter=A", "--", str(path))
        commit = added.decode().split()[-1] if added.split() else "HEAD"
        before = f"{commit}~" if added.split() else commit
        archive = folder.with_suffix(".tar")
        archive.write_bytes(self._git("archive", before, "fenix", "tools"))
        with tarfile.open(archive) as unpacked:
            unpacked.extractall(folder, filter="data")
        names = sorted(p.name for p in (folder / _MIGRATIONS).glob("v0*.py"))
        return names[-1][1:5]

    def _git(self, *words: str) -> bytes:
        done = subprocess.run(["git", "-C", str(_ROOT), *words], capture_output=True, check=False)
        if done.returncode:
            self.skipTest(f"the older release is not in this checkout's history: {done.stderr!r}")
        return done.stdout

    def wait_for(self, what: Callable[[], Any], why: str) -> None:
        self.fenix.wait(what, why, _UNTIL)

    def command(self, session_id: str, command: str) -> None:
        url = f"{self.fenix.url}/v1/maintenance/{session_id}"
        answer = self.fenix.admin.put(url, json={"command": command}, raise_exc=False)
        self.assertEqual(200, answer.status_code, answer.text)

    def engines(self) -> int:
        return int(self.fenix.scalar(sa.select(sa.func.count()).select_from(models.engines)))

    def maintained(self) -> int:
        where = models.hosts.c.maintained.is_(sa.true())
        return int(self.fenix.scalar(sa.select(sa.func.count()).where(where)))

    def kill(self, engine: Any) -> None:
        for pid in engine._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def test_a_session_is_handed_over_and_back(self) -> None:
        older = self.fenix.engine
        action = {"plugin": "dummy", "type": "host", "metadata": {"seconds": 0.5}}
        session_id = self.fenix.create(self.scene.computes, actions=[action])
        self.wait_for(lambda: any(m.done for m in self.moves()), "a move")
        self.command(session_id, "pause")
        schema.upgrade(self.fenix.database)
        newer = self.fenix.add_engine(older=False)
        self.wait_for(lambda: self.engines() == 2, "both run")
        found = status.Checks()._engines()
        self.assertEqual(upgradecheck.Code.WARNING, found.code)
        self.assertEqual(1, found.details.count("an early schema"), found.details)

        self.command(session_id, "resume")
        self.fenix.engines.remove(older)
        older.stop()
        self.wait_for(lambda: self.engines() == 1, "the newer goes on alone")
        done = self.maintained()
        self.wait_for(lambda: self.maintained() > done or self.maintained() == 5, "a host")

        self.fenix.engines.append(self.fenix.add_engine(older=True))
        self.wait_for(lambda: self.engines() == 2, "both run again")
        self.kill(newer)
        self.wait_for(lambda: self.fenix.state(session_id) == "MAINTENANCE_DONE", "the end")
        self.assertEqual(5, self.maintained())
        self.assertEqual([], list(self.scene.cloud.record.violations))
        for name in self.scene.computes:
            self.assertEqual("enabled", self.scene.cloud.host(name).compute.status)
        moved = [m.server_id for m in self.moves() if m.done]
        self.assertLessEqual(max(map(moved.count, moved)), 2)

    def moves(self) -> list[Any]:
        with self.scene.cloud.at_rest():
            return list(self.scene.cloud.record.moves)
