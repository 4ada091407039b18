"""``--wait`` on a terminal: a bar, the hosts, the time that is left."""

from __future__ import annotations

import argparse
import datetime
import io
import re
import types
import unittest
from typing import Any
from unittest import mock

from fenix.client import errors, results
from fenix.osc import base, waiting


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def detail(percent: int, state: str = "PLANNED_MAINTENANCE") -> results.Detail:
    # Of the moment of the test: its module may have been imported minutes before.
    now = datetime.datetime.now(datetime.UTC)
    return results.Detail(
        session=results.Session(session_id="s", state=state, reason="it broke"),
        percent_done=percent,
        eta=None if percent == 100 else now + datetime.timedelta(hours=2),
        hosts=[
            results.Host(
                hostname=f"compute-{n}", maintained=n * 25 < percent, started_at=now, phase="done"
            )
            for n in range(4)
        ],
    )


class WaitTest(unittest.TestCase):
    """One session after the other is looked at, without waiting."""

    def wait(self, *seen: Any, timeout: int | None = None, tty: bool = True) -> tuple[int, str]:
        out = _Terminal() if tty else io.StringIO()
        looks = mock.Mock(side_effect=seen)
        client = types.SimpleNamespace(sessions=types.SimpleNamespace(detail=looks))
        command = types.SimpleNamespace(app=types.SimpleNamespace(stderr=out), client=client)
        parsed = argparse.Namespace(timeout=timeout, interval=None, wait=True)
        with (
            mock.patch.object(waiting.time, "sleep"),
            mock.patch.dict("os.environ", {"COLUMNS": "100", "TERM": "xterm"}),
        ):
            code = waiting.wait(command, "s", parsed)  # type: ignore[arg-type]
        self.assertEqual(len(seen), looks.call_count)
        return code, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())

    def test_a_bar_with_the_time_that_is_left(self) -> None:
        code, said = self.wait(detail(50), detail(100, results.DONE))
        self.assertEqual(0, code)
        self.assertIn("━", said)
        self.assertRegex(said, r"50 % .*PLANNED_MAINTENANCE  2 of 4 hosts  about 1:59:\d\d left")
        self.assertRegex(said, r"100 % .*MAINTENANCE_DONE  4 of 4 hosts")

    def test_lines_where_there_is_no_terminal(self) -> None:
        code, said = self.wait(detail(50), detail(50), detail(100, results.DONE), tty=False)
        self.assertEqual(0, code)
        self.assertEqual(2, len(said.splitlines()))
        self.assertNotIn("━", said)

    def test_how_it_ends(self) -> None:
        failed = detail(50, results.FAILED)
        self.assertEqual(base.SESSION_FAILED, self.wait(detail(25), failed)[0])
        self.assertIn("it broke", self.wait(failed)[1])
        gone = errors.NotFound("no session", 404)
        self.assertEqual(base.SESSION_FAILED, self.wait(detail(25), gone)[0])
        code, said = self.wait(detail(25), timeout=1)
        self.assertEqual(base.NOT_YET, code)
        self.assertIn("it goes on", said)

    def test_a_service_that_is_restarted(self) -> None:
        away = errors.Unreachable("nobody is there")
        self.assertEqual(0, self.wait(detail(25), away, away, detail(100, results.DONE))[0])
