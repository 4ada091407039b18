"""A pecan application that does nothing, behind the server and the middleware of fenix-api.

``python -m benchmarks.service.bare CONFIGURATION PORT BODY``: answers BODY, a JSON object, to every
GET.
"""

import json
import pathlib
import socket
import sys

import pecan
from oslo_log import log

from benchmarks.service.deployment import configuration
from fenix.api import deploy
from fenix.api.server import Server
from fenix.db.api import Database


def application(body):
    """The application by itself."""

    class Root:
        @pecan.expose("json")
        def _default(self, *_):
            return body

    return pecan.Pecan(Root(), default_renderer="json", guess_content_type_from_ext=False)


def main(path, port, body):
    """Serve until the process is ended."""
    conf = configuration(pathlib.Path(path))
    log.setup(conf, "fenix")
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=128)
    whole = deploy.behind_middleware(application(json.loads(body)), conf, Database(conf))
    Server(conf, whole, listener).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
