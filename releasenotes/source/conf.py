"""Configuration of the release notes."""

extensions = ["openstackdocstheme", "reno.sphinxext"]
project = "Fenix Release Notes"
copyright = "Fenix contributors"
version = release = ""
html_theme = "openstackdocs"
html_theme_options = {
    "analytics_tracking_code": "",
    "display_badge": False,
    "root_title": "Fenix",
}
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_repo_name = "fenix"
smartquotes = False
