"""Commands that the manual shows exist, with their options."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import re
import shlex
from typing import Any

from fenix.osc import base
from fenix.tests.unit.docs.base import DocsTestCase

_GROUP = "openstack.maintenance.v1"


def commands() -> dict[str, Any]:
    """Classes by the words that a user types."""
    found = importlib.metadata.entry_points(group=_GROUP)
    return {e.name.replace("_", " "): e.load() for e in found}


class CommandsTest(DocsTestCase):
    """Every line with ``openstack maintenance`` is one that the command line takes."""

    def lines(self) -> list[list[str]]:
        found = []
        for text in self.pages().values():
            for line in re.sub(r"\\\n *", " ", text).splitlines():
                shown = re.match(r" +(?:\$ )?openstack +(?:--os-\S+ +\S+ +)*(maintenance .*)", line)
                if shown:
                    found.append(shlex.split(shown[1]))
        return found

    def test_they_parse(self) -> None:
        known = commands()
        lines = self.lines()
        self.assertGreater(len(lines), 5)
        for words in lines:
            if words[1:] == ["--help"]:
                continue
            name = next((n for n in known if " ".join(words).startswith(n)), None)
            self.assertIsNotNone(name, words)
            parser = known[str(name)](None, None).get_parser(str(name))
            errors = io.StringIO()
            arguments = words[len(str(name).split()) :]
            if "--file" in arguments:
                arguments = arguments[: arguments.index("--file")]
            with contextlib.redirect_stderr(errors):
                try:
                    parser.parse_args(arguments)
                except SystemExit:
                    self.fail(f"{words}: {errors.getvalue()}")

    def test_every_command_says_what_it_does(self) -> None:
        for name, command in commands().items():
            self.assertRegex(command.__doc__ or "", r"^[A-Z].*\.", name)
            parser = command(None, None).get_parser(name)
            for action in parser._actions:
                self.assertTrue(action.help, (name, action.dest))

    def test_exit_codes(self) -> None:
        table = self.page("cli").partition("For scripts")[2].partition("Commands\n")[0]
        listed = set(map(int, re.findall(r"^(\d+)  ", table, re.M)))
        codes = {base.SESSION_FAILED, base.NOT_YET, base.PLAN_INCOMPLETE, base.INTERRUPTED}
        self.assertEqual({0, 1, 2} | codes, listed)
