"""The site for Apache, as Apache itself reads it."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile

import testtools

_SITE = pathlib.Path(__file__).parents[3] / "etc" / "apache2" / "fenix-api.conf"
_APACHE = "/usr/sbin/apache2"
_MODULES = pathlib.Path("/usr/lib/apache2/modules")
_NEEDED = ("mpm_event", "authz_core", "headers", "ssl", "proxy", "proxy_uwsgi")
#: Debian builds these in, or not, from release to release.
_PERHAPS = ("log_config", "unixd", "socache_shmcb")


class ApacheTest(testtools.TestCase):
    """``apache2 -t`` with the modules that the file's first lines name."""

    def test_apache_takes_it(self) -> None:
        if shutil.which(_APACHE) is None:
            self.skipTest("Apache is not installed: it is in the Debian package apache2-bin")
        folder = self.folder()
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-subj", "/CN=maintenance.example.org"),
                *("-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"),
            ],
            check=True,
            capture_output=True,
        )
        site = _SITE.read_text()
        for line, file in (
            ("/etc/ssl/certs/maintenance.pem", "cert.pem"),
            ("/etc/ssl/private/maintenance.key", "key.pem"),
        ):
            self.assertIn(line, site)
            site = site.replace(line, f"{folder}/{file}")
        (folder / "site.conf").write_text(site)
        modules = [m for m in (*_NEEDED, *_PERHAPS) if (_MODULES / f"mod_{m}.so").exists()]
        self.assertEqual(set(_NEEDED), set(modules) - set(_PERHAPS))
        conf = folder / "apache2.conf"
        conf.write_text(
            "\n".join(
                [
                    f"ServerRoot {folder}",
                    f"Define APACHE_LOG_DIR {folder}",
                    f"PidFile {folder}/pid",
                    f"ErrorLog {folder}/error.log",
                    *(f"LoadModule {m}_module {_MODULES}/mod_{m}.so" for m in modules),
                    'LogFormat "%h" combined',
                    f"Include {folder}/site.conf",
                ]
            )
        )
        done = subprocess.run(
            [_APACHE, "-t", "-f", str(conf)], capture_output=True, text=True, check=False
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("Syntax OK", done.stdout + done.stderr)

    def folder(self) -> pathlib.Path:
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)
