"""``/`` and ``/v1``: where the service is and what it speaks, without a token."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

from oslo_config import cfg

from fenix.api import answers, microversion, openapi
from fenix.api.controllers.constraints import GROUP, INSTANCE, Constraints
from fenix.api.controllers.engines import Engines
from fenix.api.controllers.plans import Plans
from fenix.api.controllers.sessions import Sessions
from fenix.api.controllers.subscriptions import DeadLetters, Subscriptions
from fenix.api.resource import Resource, Services, verb
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

    @verb(None, answer=answers.VERSION)
    def get(self) -> dict[str, Any]:
        """The document of this version, as OpenStack clients discover it."""
        return {"version": _document(self.services.conf)}

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """The collections, plans, and what describes them all."""
        return {
            "maintenance": lambda _: Sessions(self.services),
            "plan": lambda _: Plans(self.services),
            "instance": lambda _: Constraints(self.services, INSTANCE),
            "instance_group": lambda _: Constraints(self.services, GROUP),
            "engines": lambda _: Engines(self.services),
            "subscription": lambda _: Subscriptions(self.services),
            "dead_letters": lambda _: DeadLetters(self.services),
            "openapi.json": lambda _: Description(self.services),
        }


class Root(Resource):
    """``/``."""

    @verb(None, answer=answers.VERSIONS)
    def get(self) -> dict[str, Any]:
        """The versions there are."""
        return {"versions": [_document(self.services.conf)]}

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """The only version."""
        return {"v1": lambda _: V1(self.services)}


class Description(Resource):
    """``/v1/openapi.json``."""

    @verb(None, answer=openapi.DOCUMENT)
    def get(self) -> dict[str, Any]:
        """The description of this API, as OpenAPI 3.1."""
        return _description(conf_api.public_endpoint(self.services.conf))


@functools.cache
def _description(endpoint: str) -> dict[str, Any]:
    # Resources are made, but none is asked for anything: no services are needed.
    return openapi.document(Root(cast(Services, None)), endpoint)
