"""As much of Keystone as a service that validates tokens talks to."""

from __future__ import annotations

import datetime
import json
import threading
from typing import Any

import webob
from cheroot import wsgi

from fenix.tests.functional import sample

TOKENS = {
    "ADMIN_TOKEN": "token-admin",
    "SYSTEM_TOKEN": "token-system",
    "AUDITOR_TOKEN": "token-auditor",
    "RED_TOKEN": "token-red",
    "RED_READER_TOKEN": "token-red-reader",
    "DOMAIN_TOKEN": "token-domain",
    "EXPIRED_TOKEN": "token-expired",
    "UNKNOWN_TOKEN": "token-unknown",
}
_ADMIN_PROJECT = "cccccccccccccccccccccccccccccccc"
_DOMAIN = {"id": "default", "name": "Default"}


def _project(project_id: str) -> dict[str, Any]:
    return {"project": {"id": project_id, "name": "project", "domain": _DOMAIN}}


_KNOWN: dict[str, tuple[list[str], dict[str, Any]]] = {
    "token-service": (["service"], _project("service")),
    "token-admin": (["admin", "member", "reader"], _project(_ADMIN_PROJECT)),
    "token-system": (["admin", "member", "reader"], {"system": {"all": True}}),
    "token-auditor": (["reader"], {"system": {"all": True}}),
    "token-red": (["member", "reader"], _project(sample.RED)),
    "token-red-reader": (["reader"], _project(sample.RED)),
    "token-domain": (["admin"], {"domain": _DOMAIN}),
    "token-expired": (["admin"], _project(_ADMIN_PROJECT)),
}


def options_of(url: str) -> dict[str, object]:
    """``[keystone_authtoken]`` with a Keystone at ``url``."""
    return {
        "www_authenticate_uri": url,
        "auth_url": url,
        "auth_type": "password",
        "username": "fenix",
        "password": "secret",
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }


class Keystone:
    """Start with :meth:`start`; ``url`` says where it listens."""

    def __init__(self) -> None:
        self._server = wsgi.Server(("127.0.0.1", 0), self._answer, numthreads=2)
        self._server.shutdown_timeout = 1

    def start(self) -> None:
        self._server.prepare()
        self.url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.stop()
        self._thread.join()

    def options(self) -> dict[str, object]:
        """``[keystone_authtoken]`` of a service that validates tokens here."""
        return options_of(self.url)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = webob.Request(environ)
        found = {
            ("GET", "/"): self._versions,
            ("GET", "/v3"): self._version,
            ("POST", "/v3/auth/tokens"): self._issue,
            ("GET", "/v3/auth/tokens"): self._validate,
        }.get((request.method, request.path.rstrip("/") or "/"))
        response = found(request) if found else webob.Response(status=404)
        return response(environ, start_response)

    def _document(self) -> dict[str, Any]:
        links = [{"rel": "self", "href": f"{self.url}/v3/"}]
        return {"id": "v3.14", "status": "stable", "links": links, "media-types": []}

    def _versions(self, _request: Any) -> webob.Response:
        return webob.Response(json={"versions": {"values": [self._document()]}}, status=300)

    def _version(self, _request: Any) -> webob.Response:
        return webob.Response(json={"version": self._document()})

    def _issue(self, _request: Any) -> webob.Response:
        response = webob.Response(json=self._token("token-service"), status=201)
        response.headers["X-Subject-Token"] = "token-service"
        return response

    def _validate(self, request: Any) -> webob.Response:
        token = request.headers["X-Subject-Token"]
        if token not in _KNOWN:
            return webob.Response(json={"error": {"code": 404}}, status=404)
        return webob.Response(body=json.dumps(self._token(token)).encode(), status=200)

    def _token(self, token: str) -> dict[str, Any]:
        roles, scope = _KNOWN[token]
        hours = -1 if token == "token-expired" else 1
        now = datetime.datetime.now(datetime.UTC)
        expires = now + datetime.timedelta(hours=hours)
        catalog = [
            {
                "type": "identity",
                "name": "keystone",
                "id": "1",
                "endpoints": [
                    {"interface": i, "url": self.url, "region": "r", "region_id": "r", "id": i}
                    for i in ("public", "internal", "admin")
                ],
            }
        ]
        return {
            "token": {
                "methods": ["password"],
                "user": {"id": "u1", "name": "somebody", "domain": _DOMAIN},
                "roles": [{"id": r, "name": r} for r in roles],
                "issued_at": now.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                "audit_ids": ["a"],
                "catalog": catalog,
                **scope,
            }
        }
