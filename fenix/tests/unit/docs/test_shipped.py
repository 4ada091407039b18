"""Files that are shipped for other programs name what there is."""

from __future__ import annotations

import configparser
import importlib
import pathlib

from fenix.tests.unit.docs.base import ROOT, DocsTestCase


def _read(path: pathlib.Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


class ShippedTest(DocsTestCase):
    """Units of systemd, the file for uWSGI, and the list of files that are installed."""

    def test_units_start_commands_that_are_installed(self) -> None:
        scripts = _read(ROOT / "setup.cfg")["options.entry_points"]["console_scripts"]
        commands = {line.split("=")[0].strip() for line in scripts.split("\n") if "=" in line}
        units = sorted((ROOT / "etc" / "systemd").glob("*.service"))
        self.assertEqual(3, len(units))
        installed = _read(ROOT / "setup.cfg")["options.data_files"]
        for unit in units:
            command, *arguments = _read(unit)["Service"]["ExecStart"].split()
            if unit.stem == "fenix-api-uwsgi":
                self.assertEqual("/opt/fenix/bin/uwsgi", command)
                file = pathlib.Path(arguments[-1]).relative_to("/opt/fenix")
                folder = str(file.parent)
                self.assertEqual("etc/uwsgi/" + file.name, installed[folder].strip())
            else:
                self.assertEqual(f"/opt/fenix/bin/{unit.stem}", command)
                self.assertIn(unit.stem, commands)

    def test_uwsgi_finds_the_application(self) -> None:
        named = _read(ROOT / "etc" / "uwsgi" / "fenix-api.ini")["uwsgi"]["module"]
        module, name = named.split(":")
        self.assertTrue(callable(getattr(importlib.import_module(module), name)))

    def test_everything_under_etc_is_installed_or_a_generator(self) -> None:
        installed = set()
        for files in _read(ROOT / "setup.cfg")["options.data_files"].values():
            installed |= {line for line in files.split("\n") if line}
        there = {
            str(path.relative_to(ROOT))
            for path in (ROOT / "etc").rglob("*")
            if path.is_file() and not path.name.endswith(("-generator.conf", ".sample"))
        }
        self.assertEqual(there, installed)
