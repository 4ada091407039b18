"""Lines of the log, as a process writes them."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

import testtools

import fenix

_SCRIPT = """
import logging, sys
from fenix import conf as fenix_conf, logs
conf = fenix_conf.load(["--config-file", sys.argv[1]])
logs.setup(conf)
log = logging.getLogger("fenix.engine.runner")
log.warning("instance %s is moved", "vm\\n2026-01-01 00:00:00.000 1 ERROR fenix forged")
log.warning("Nova: gone\\r\\nforged by Nova\\x1b[2J\\u2028\\u202e end")
logging.getLogger("oslo.messaging").warning("forged\\nby another library")
log.warning("Gr\\u00f6\\u00dfe and \\u540d\\u524d stay")
try:
    raise ValueError("first\\nforged in an error")
except ValueError:
    log.exception("It failed")
"""


class LogsTest(testtools.TestCase):
    def lines(self) -> list[str]:
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = folder / "fenix.conf"
        path.write_text(f"[DEFAULT]\nstate_path = {folder}\nlog_file = {folder}/fenix.log\n")
        root = str(pathlib.Path(fenix.__file__).parents[1])
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _SCRIPT, str(path)],
            env={**os.environ, "PYTHONPATH": root},
            check=True,
        )
        return (folder / "fenix.log").read_text(encoding="utf-8").split("\n")[:-1]

    def test_one_thing_is_one_line(self) -> None:
        lines = self.lines()
        for line in lines:
            # Time, process and level are the logger's own in each line, also of a traceback.
            self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ (WARNING|ERROR) ")
            self.assertTrue(line.isprintable(), repr(line))
        self.assertEqual(4, sum(" WARNING " in line for line in lines))
        text = "\n".join(lines)
        for shown in (
            r"instance vm\n2026-01-01 00:00:00.000 1 ERROR fenix forged is moved",
            r"Nova: gone\r\nforged by Nova\x1b[2J\u2028\u202e end",
            r"forged\nby another library",
            "Größe and 名前 stay",
        ):
            self.assertIn(shown, text)
