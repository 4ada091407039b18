"""A configuration that is taken back."""

import pathlib
import tempfile
import unittest

from oslo_config import cfg

from fenix import conf as fenix_conf


class UnloadTest(unittest.TestCase):
    def test_of_a_process_without_keystonemiddleware(self):
        conf = cfg.ConfigOpts()
        with tempfile.TemporaryDirectory(prefix="fenix-test-") as folder:
            path = pathlib.Path(folder) / "fenix.conf"
            for lease in (7, 8):
                path.write_text(f"[engine]\nlease = {lease}\n")
                fenix_conf.load(["--config-file", str(path)], conf=conf)
                self.assertEqual(lease, conf.engine.lease)
                fenix_conf.unload(conf)


if __name__ == "__main__":
    unittest.main()
