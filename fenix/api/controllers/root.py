"""``/`` and ``/v1``: where the service is and what it speaks, without a token."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from fenix import exceptions
from fenix.api import microversion
from fenix.api.controllers.constraints import GROUP, INSTANCE, Constraints
from fenix.api.controllers.engines import Engines
from fenix.api.controllers.plans import Plans
from fenix.api.controllers.sessions import Sessions
from fenix.api.resource import Resource, verb
from fenix.conf import api as conf_api


def _document(conf: cfg.ConfigOpts) -> dict[str, Any]:
    url = f"{conf_api.public_endpoint(conf)}/v1"
    return {
        "id": "v1.0",
        "status": "CURRENT",
        "version": microversion.HIGHEST,
        "min_version": microversion.LOWEST,
        "updated": "2026-11-21T00:00:00Z",
        "links": [{"rel": "self", "href": url}],
    }


class V1(Resource):
    """``/v1``."""

    @verb(None)
    def get(self) -> dict[str, Any]:
        """The document of this version, as OpenStack clients discover it."""
        return {"version": _document(self.services.conf)}

    def child(self, segment: str) -> Resource:
        """The collections, and plans."""
        match segment:
            case "maintenance":
                return Sessions(self.services)
            case "plan":
                return Plans(self.services)
            case "instance":
                return Constraints(self.services, INSTANCE)
            case "instance_group":
                return Constraints(self.services, GROUP)
            case "engines":
                return Engines(self.services)
        raise exceptions.NotFound(
            f"/v1/{segment} does not exist; there are /v1/maintenance, /v1/plan, /v1/instance, "
            f"/v1/instance_group and /v1/engines"
        )


class Root(Resource):
    """``/``."""

    @verb(None)
    def get(self) -> dict[str, Any]:
        """The versions there are."""
        return {"versions": [_document(self.services.conf)]}

    def child(self, segment: str) -> Resource:
        """The only version."""
        if segment == "v1":
            return V1(self.services)
        raise exceptions.NotFound(f"/{segment} does not exist; the API lies below /v1")
