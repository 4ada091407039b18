"""The whole way of a request, on one screen."""

from __future__ import annotations

from typing import Any

import pecan
from oslo_config import cfg
from oslo_middleware import http_proxy_to_wsgi, request_id

from fenix import policy, timing
from fenix.api import auth, health, microversion, ratelimit
from fenix.api.controllers.root import Root
from fenix.api.cors import Cors
from fenix.api.errors import Errors
from fenix.api.intake import IntakeMiddleware
from fenix.api.patience import Patience
from fenix.api.requestlog import RequestLog
from fenix.api.resource import Services
from fenix.db.api import PATIENCE, Database
from fenix.notifications.webhook.secrets import Secrets
from fenix.notifications.webhook.targets import Targets
from fenix.rpc import transport as rpc_transport
from fenix.rpc.client import EngineClient


def make_app(
    conf: cfg.ConfigOpts,
    database: Database | None = None,
    engine: EngineClient | None = None,
    clock: timing.Clock | None = None,
) -> Any:
    """The WSGI application of the API; call it after forking.

    :param database: None: the one that ``conf`` names.
    :param engine: None: a client on the transport that ``conf`` names.
    :raises Exception: of the libraries, when ``conf`` does not describe a working set-up.
    """
    clock = clock or timing.SystemClock()
    database = database or Database(conf, patience=PATIENCE)
    engine = engine or EngineClient(conf, rpc_transport.make(conf), clock)
    services = Services(
        conf=conf,
        database=database,
        engine=engine,
        enforcer=policy.make_enforcer(conf),
        clock=clock,
        writes=ratelimit.WriteLimit(conf.api.project_writes_per_minute, clock),
        targets=Targets(conf),
        secrets=Secrets(conf),
    )

    app = pecan.Pecan(
        Root(services),
        default_renderer="json",
        guess_content_type_from_ext=False,
        force_canonical=False,
    )
    return behind_middleware(app, conf, database)


def behind_middleware(app: Any, conf: cfg.ConfigOpts, database: Database) -> Any:
    """A WSGI application with everything that a request passes before it; the last line first."""
    app = auth.authenticated(app, conf)
    app = health.mounted(health.Health(conf, database), app)
    app = Patience(app, conf)
    app = IntakeMiddleware(app, conf.api.max_request_body_size)
    app = microversion.Demand(app)
    app = Errors(app)
    app = microversion.Tell(app)
    app = RequestLog(app)
    app = Cors(app, conf)
    app = request_id.RequestId(app, conf)
    return http_proxy_to_wsgi.HTTPProxyToWSGI(app, conf)
