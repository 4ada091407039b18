"""Configuration of the manual; see doc/ext for what is generated from the code."""

import logging
import pathlib
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT), str(_ROOT / "doc" / "ext")]

from fenix import concurrency  # noqa: E402
from fenix import version as fenix_version  # noqa: E402

# Before the libraries' options are read: some of them depend on it.
concurrency.setup()

extensions = [
    "cliff.sphinxext",
    "openstackdocstheme",
    "oslo_config.sphinxext",
    "oslo_config.sphinxconfiggen",
    "oslo_policy.sphinxext",
    "oslo_policy.sphinxpolicygen",
    "fenix_docs",
]

project = "Fenix"
copyright = "Fenix contributors"
version = release = fenix_version.__version__

html_theme = "openstackdocs"
html_theme_options = {
    "analytics_tracking_code": "",
    "display_badge": False,
    "root_title": "Fenix",
}
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_repo_name = "fenix"
html_static_path = ["_static"]
html_css_files = ["fenix.css"]
pygments_style = "native"
# Blocks without a language are drawings and formulas.
highlight_language = "none"
exclude_patterns = ["_generated"]
# Straight quotes and hyphens in prose can be copied into a shell as they stand.
smartquotes = False

config_generator_config_file = [
    (str(_ROOT / "etc" / "fenix" / "config-generator.conf"), "_generated/fenix"),
]
policy_generator_config_file = [
    (str(_ROOT / "etc" / "fenix" / "policy-generator.conf"), "_generated/fenix"),
]

if not (_ROOT / ".git").exists():
    # The theme warns when it finds no commit; an exported tree has none, and warnings are errors.
    logging.getLogger("sphinx.openstackdocstheme.ext").addFilter(
        lambda record: "gitsha" not in record.getMessage()
    )
