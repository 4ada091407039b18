"""Who calls: keystonemiddleware, or the headers themselves where no Keystone is used."""

from __future__ import annotations

import logging
from typing import Any

import webob.exc
from keystoneauth1 import exceptions as keystone_exc
from keystonemiddleware import auth_token
from oslo_config import cfg

from fenix import exceptions, tls
from fenix.cloud import bounded
from fenix.context import SESSION, RequestContext

LOG = logging.getLogger(__name__)

KEY = "fenix.context"

#: Answered without a token: documents that tell a client where the service is and how
#: it is spoken to.
PUBLIC_PATHS = frozenset({"/", "/v1", "/v1/openapi.json"})

#: What each role of Keystone's bootstrap implies, itself included.
_IMPLIED = {
    "admin": ["admin", "manager", "member", "reader"],
    "manager": ["manager", "member", "reader"],
    "member": ["member", "reader"],
}
#: A token with the catalogue of a large cloud has some ten thousand bytes.
_KEYSTONE_SECONDS, _KEYSTONE_SIZE = 30.0, 16 * 1024 * 1024
#: The project of a caller who names none, with ``auth_strategy = noauth``.
NOAUTH_PROJECT = "admin"


def authenticated(application: Any, conf: cfg.ConfigOpts) -> Any:
    """``application`` behind ``[api] auth_strategy``; version documents need no token."""
    behind = ContextMiddleware(application)
    if conf.api.auth_strategy == "noauth":
        guarded: Any = NoAuth(behind)
    else:
        guarded = Tokens(Confirmed(behind), keystone_options(conf))

    def choose(environ: dict[str, Any], start_response: Any) -> Any:
        chosen = application if environ["PATH_INFO"] in PUBLIC_PATHS else guarded
        return chosen(environ, start_response)

    return choose


def keystone_options(conf: cfg.ConfigOpts) -> dict[str, Any]:
    """What keystonemiddleware is made with; access rules of credentials name our service type."""
    return {"oslo_config_config": conf, "service_type": "maintenance"}


class Tokens(auth_token.AuthProtocol):
    """keystonemiddleware, whose calls to Keystone end, and which says why it cannot be asked."""

    def __init__(self, application: Any, options: dict[str, Any]) -> None:
        super().__init__(application, options)
        bounded.bound(self._session.session, _KEYSTONE_SECONDS, _KEYSTONE_SIZE)

    def process_request(self, request: Any) -> Any:
        """Find out who calls, before the request is passed on.

        :raises Unavailable: Keystone's certificate is refused, or what it answers cannot be read.
        """
        try:
            return super().process_request(request)
        except (webob.exc.HTTPServiceUnavailable, keystone_exc.ClientException) as error:
            why = tls.complaint(error, "[keystone_authtoken] cafile")
            if why is None:
                raise
            raise exceptions.Unavailable(f"Keystone: {why}") from error
        except webob.exc.HTTPException:
            raise
        except Exception as error:
            # The libraries do not expect another shape, and fail with whatever comes of it.
            LOG.exception("Keystone's answer about a token cannot be read")
            raise exceptions.Unavailable(
                f"Keystone: its answer about the token cannot be read ({type(error).__name__}); "
                f"look whether it is Keystone's at [keystone_authtoken] auth_url, then repeat the "
                f"request"
            ) from error


class Confirmed:
    """Let nobody past whom keystonemiddleware did not confirm, also if it is told to delay."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass the request on if its token was good."""
        if environ.get("HTTP_X_IDENTITY_STATUS") != "Confirmed":
            raise exceptions.Unauthorized("the request carries no valid token")
        return self._application(environ, start_response)


class NoAuth:
    """Take the caller's word (contract section 7).

    Admin, unless ``X-Roles`` names other roles. ``X-Project-Id`` without ``X-Roles`` is a member
    of that project.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Settle the identity headers, then pass the request on."""
        project = environ.get("HTTP_X_PROJECT_ID", "").strip()
        named = [r.strip() for r in environ.get("HTTP_X_ROLES", "").split(",") if r.strip()]
        roles = named or (["member"] if project else ["admin"])
        every = dict.fromkeys(r for role in roles for r in _IMPLIED.get(role, [role]))
        environ["HTTP_X_ROLES"] = ",".join(every)
        if not project and "admin" in every:
            project = NOAUTH_PROJECT
        for header in ("HTTP_X_PROJECT_ID", "HTTP_X_TENANT_ID", "HTTP_X_TENANT"):
            environ.pop(header, None)
        if project:
            environ["HTTP_X_PROJECT_ID"] = project
        return self._application(environ, start_response)


class ContextMiddleware:
    """Make the request's context from the headers that the authentication left."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Make the context, then pass the request on."""
        environ[KEY] = RequestContext.from_environ(environ, resource_uuid=environ.get(SESSION))
        return self._application(environ, start_response)


def context_of(environ: dict[str, Any]) -> RequestContext:
    """The context of the present request."""
    found: RequestContext = environ[KEY]
    return found
