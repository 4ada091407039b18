"""The samples in tools/: constraints that the manager keeps, and the administrator."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pathlib
import tempfile
from typing import Any
from unittest import mock

from fenix.tests.functional.sessions.base import SessionTestCase

infra_admin: Any = importlib.import_module("infra_admin")  # base has put tools/ on the path
_TOOLS = pathlib.Path(infra_admin.__file__).parent
_CONSTRAINTS = json.loads((_TOOLS / "vnf_constraints.json").read_text())


class ConstraintsTest(SessionTestCase):
    """tools/vnfm.py --constraints."""

    def build(self) -> None:
        self.computes(2)
        self.workers = self.instances("worker", {"compute-1": 4, "compute-2": 4})

    def started(self) -> None:
        self.manager = self.manage(self.project, constraints=_CONSTRAINTS)
        self.manager.set_constraints()

    def _constraint(self, path: str) -> Any:
        url = f"{self.cluster.url}/v1/{path}"
        answer = self.manager.session.get(url, raise_exc=False)
        return answer.json() if answer.status_code == 200 else answer.status_code

    def test_every_group_and_instance_has_them(self) -> None:
        groups = set()
        for server in self.workers:
            found = self._constraint(f"instance/{server.id}")
            self.assertEqual(
                ("MIGRATE", 120), (found["migration_type"], found["max_interruption_time"])
            )
            self.assertEqual(self.project.id, found["project_id"])
            groups.add(found["group_id"])
        (group_id,) = groups
        group = self._constraint(f"instance_group/{group_id}")
        self.assertEqual(("worker", 2), (group["group_name"], group["max_impacted_members"]))

    def test_they_follow_scaling_in_and_out(self) -> None:
        self.done(self.create())
        alive = {s.id for s in self.manager.servers()}
        gone = {s.id for s in self.workers} - alive
        self.assertEqual(4, len(gone))
        self.assertEqual({404}, {self._constraint(f"instance/{i}") for i in gone})
        self.assertEqual(8, len(alive))
        for instance_id in alive:
            self.assertEqual(
                "MIGRATE", self._constraint(f"instance/{instance_id}")["migration_type"]
            )


class InfraAdminTest(SessionTestCase):
    """tools/infra_admin.py, without the bus: a broker of its own is in the acceptance."""

    settings = {"workflow": {"action_retries": 0}}

    def started(self) -> None:
        self.managers = []

    def run_tool(self, *words: str) -> tuple[int, str]:
        printed = io.StringIO()
        with (
            mock.patch("sys.argv", ["infra_admin.py", *words]),
            mock.patch.object(infra_admin, "from_environment", lambda: self.admin),
            contextlib.redirect_stdout(printed),
        ):
            code = infra_admin.main()
        return code, printed.getvalue()

    def session_file(self, **body: Any) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "session.json"
        path.write_text(json.dumps(body))
        return str(path)

    def test_a_session_is_started_and_followed(self) -> None:
        body = json.loads((_TOOLS / "session.json").read_text())
        body["actions"][0]["metadata"]["seconds"] = 0.1
        code, printed = self.run_tool(self.session_file(**body))
        self.assertEqual(0, code, printed)
        for text in ("session ", "MAINTENANCE_DONE, 100 %", "compute-1: maintained"):
            self.assertIn(text, printed)

    def test_a_failure_is_told_and_continued(self) -> None:
        action = {"plugin": "dummy", "type": "host", "metadata": {"fail": True}}
        code, printed = self.run_tool(self.session_file(hosts=["compute-3"], actions=[action]))
        self.assertEqual(1, code)
        self.assertIn("failed: host action dummy failed on compute-3", printed)
        session_id = printed.partition("session ")[2].split()[0]
        self.assertIn(f"--continue {session_id}", printed)
        self.assertEqual(1, self.run_tool("--continue", session_id)[0])
        self.assertEqual(0, self.run_tool("--delete", session_id)[0])
        with self.assertRaisesRegex(SystemExit, "404"):
            self.run_tool("--continue", session_id)
