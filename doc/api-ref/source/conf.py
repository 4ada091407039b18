"""Configuration of the API reference; doc/ext/api_reference.py makes its pages."""

import logging
import pathlib
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(_ROOT), str(_ROOT / "doc" / "ext")]

from fenix import concurrency  # noqa: E402
from fenix import version as fenix_version  # noqa: E402

# Before the libraries' options are read: some of them depend on it.
concurrency.setup()

extensions = ["openstackdocstheme", "os_api_ref", "api_reference"]

project = "Fenix API reference"
copyright = "Fenix contributors"
version = release = fenix_version.__version__

html_theme = "openstackdocs"
html_theme_options = {
    "analytics_tracking_code": "",
    "display_badge": False,
    "root_title": "Fenix",
    "sidebar_mode": "toc",
}
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_repo_name = "fenix"
pygments_style = "native"
smartquotes = False

if not (_ROOT / ".git").exists():
    # The theme warns when it finds no commit; an exported tree has none, and warnings are errors.
    logging.getLogger("sphinx.openstackdocstheme.ext").addFilter(
        lambda record: "gitsha" not in record.getMessage()
    )
