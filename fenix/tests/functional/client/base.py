"""The command line as a user meets it, against a service and its cloud."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

from openstackclient import shell
from osc_lib import clientmanager

from fenix.tests.functional.sessions.base import SessionTestCase

_ROOT = pathlib.Path(__file__).parents[4]
_LIMIT = 120


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@contextlib.contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """The shell configures the root logger of the process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def in_process(*argv: str, **environment: str) -> Outcome:
    """``openstack ...`` in this process: starting one takes a second."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, _environment(environment), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        # Nobody is there to be asked.
        mock.patch.object(sys, "stdin", io.StringIO()),
        _logging_as_it_was(),
    ):
        # A process keeps the client that it made first.
        vars(clientmanager.ClientManager)["maintenance"]._handle = None
        try:
            code = shell.OpenStackShell().run(list(argv))
        except SystemExit as exit_:
            code = int(exit_.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


def in_a_process(*argv: str, **environment: str) -> Outcome:
    """``openstack ...`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "openstackclient.shell", *argv],
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
        cwd=_ROOT,
        env={**_environment(environment), "PYTHONPATH": str(_ROOT)},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def _environment(more: dict[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
    # Wide, so that tables do not break words in two.
    return {**kept, "COLUMNS": "400", **more}


class CommandLineTestCase(SessionTestCase):
    """A service without Keystone, and commands on it."""

    settings: dict[str, dict[str, Any]] = {
        "api": {"auth_strategy": "noauth"},
        "workflow": {"project_maintenance_reply": 30},
    }

    def maintenance(self, *argv: str) -> Outcome:
        """``openstack maintenance ...`` as an administrator."""
        return in_process(*self.options(), "maintenance", *argv)

    def options(self) -> list[str]:
        return [
            "--os-auth-type",
            "none",
            "--os-maintenance-endpoint-override",
            self.cluster.url,
        ]

    def worked(self, *argv: str, code: int = 0) -> Outcome:
        """The same, which has to end with this code."""
        outcome = self.maintenance(*argv)
        self.assertEqual(code, outcome.code, outcome)
        self.assertNotIn("Traceback", outcome.err)
        return outcome

    def refused(self, *argv: str, code: int = 1) -> str:
        """What a refused command says: one line, without a trace."""
        outcome = self.maintenance(*argv)
        self.assertEqual(code, outcome.code, outcome)
        self.assertNotIn("Traceback", outcome.err + outcome.out)
        self.assertEqual("", outcome.out)
        return outcome.err
