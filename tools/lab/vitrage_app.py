"""Vitrage's API as a WSGI application; its own is not in a module that can be imported."""

from vitrage.api import app
from vitrage.common import config

config.parse_config([])
application = app.load_app()
