"""What every controller is: verbs, children, and a way of pecan that leaves nothing to guess.

pecan's own traversal looks path segments up as attributes and its ``RestController`` honours
``_method``, ``new``, ``edit`` and the like; here a resource says itself what lies below it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import pecan
from oslo_config import cfg
from oslo_policy import policy as oslo_policy

from fenix import exceptions, policy, timing
from fenix.api import auth, intake, json_body, ratelimit, validation
from fenix.api.errors import WrongVerb
from fenix.api.operation import Operation, Parameter
from fenix.context import RequestContext
from fenix.db.api import Database
from fenix.notifications.webhook.secrets import Secrets
from fenix.notifications.webhook.targets import Targets
from fenix.rpc.client import EngineClient

_READS = frozenset({"GET", "HEAD"})
VERBS = ("GET", "POST", "PUT", "DELETE")


@dataclasses.dataclass(frozen=True, slots=True)
class Services:
    """What controllers work with."""

    conf: cfg.ConfigOpts
    database: Database
    engine: EngineClient
    enforcer: oslo_policy.Enforcer
    clock: timing.Clock
    writes: ratelimit.WriteLimit
    targets: Targets
    secrets: Secrets


class Resource:
    """A node of the URL tree.

    A subclass has methods ``get``, ``post``, ``put``, ``delete`` for the verbs it answers, each
    made by :func:`verb`, and overrides :meth:`children` when something lies below it. The
    description of the API (:mod:`fenix.api.openapi`) is made from these.
    """

    def __init__(self, services: Services) -> None:
        self.services = services

    def children(self) -> Mapping[str, Callable[[str], Resource]]:
        """What lies below: how a resource is made of its path segment.

        Keys are segments, or one name in braces, such as ``{session_id}``, for every other one.
        Making a resource looks nothing up.
        """
        return {}

    def child(self, segment: str) -> Resource:
        """The resource below this one that a path segment names.

        :raises NotFound: when nothing lies there.
        """
        below = self.children()
        named = next((make for name, make in below.items() if name.startswith("{")), None)
        make = below.get(segment, named)
        if make is None:
            known = f"; there are {', '.join(below)}" if below else ""
            raise exceptions.NotFound(f"nothing lies at {segment!r} below this resource{known}")
        return make(segment)

    def target(self) -> dict[str, Any]:
        """What policy rules compare the caller with."""
        return {}

    # Methods, not properties: pecan reads the attributes of a controller before it is called.

    def caller(self) -> RequestContext:
        """Who makes the present request."""
        return auth.context_of(pecan.request.environ)

    def query(self) -> dict[str, str]:
        """The query of the present request."""
        return intake.of(pecan.request.environ).query

    def authorize(self, rule: str, target: dict[str, Any]) -> None:
        """Let the caller pass.

        :raises Forbidden: when the policy does not.
        """
        policy.authorize(self.services.enforcer, rule, target, self.caller())

    def allows(self, rule: str) -> bool:
        """Whether the policy lets the caller pass."""
        return policy.allows(self.services.enforcer, rule, self.target(), self.caller())

    def count_write(self) -> None:
        """Count the present request among the writes of the caller's project.

        :raises TooManyRequests: there are too many; administrators are not counted.
        """
        if not self.allows("limits:exempt"):
            self.services.writes.take(self.caller().project_id or "")

    @pecan.expose()
    def _route(self, segments: list[str], request: pecan.Request) -> Any:
        # Settled here, so that an Accept header never leads to 406.
        request.pecan["content_type"] = "application/json"
        path = [] if segments == [""] else segments
        if "" in path:
            raise exceptions.NotFound(f"{request.path_info} has an empty segment")
        # The whole way at once: pecan inspects the signature of each controller that it is led to.
        resource = self
        for segment in path:
            resource = resource.child(segment)
        return resource._answering(request), []

    def _answering(self, request: pecan.Request) -> Any:
        """The method that answers the verb of a request.

        :raises WrongVerb: saying which verbs apply.
        """
        name = "GET" if request.method == "HEAD" else request.method
        handler = getattr(self, name.lower(), None) if name in VERBS else None
        if handler is None:
            allow = [v for v in VERBS if hasattr(self, v.lower())]
            raise WrongVerb(
                f"{request.method} does not apply to {request.path_info}; "
                f"use {' or '.join(allow) or 'another path'}",
                [*allow, "HEAD"] if "GET" in allow else allow,
            )
        return handler


def verb(
    rule: str | tuple[str, ...] | None,
    *,
    schema: validation.Schema | None = None,
    body_optional: bool = False,
    body_forbidden: bool = False,
    answer: validation.Schema | None = None,
    query: tuple[Parameter, ...] = (),
    refusals: tuple[int, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[[Any], Any]]:
    """Make a method of a resource answer a verb.

    First the policy decides, then writes are counted, then the body is held against the schema;
    only then the method runs and may look anything up.

    :param rule: the policy rule; several: one of them is enough here, and the method asks for
        the one that applies; None for what needs no token.
    :param schema: schema of the body, which is then passed to the method.
    :param body_optional: an absent body is passed as ``{}``.
    :param body_forbidden: a body is refused instead of being ignored.
    :param answer: schema of what the method returns.
    :param query: what it reads of the query.
    :param refusals: codes that it answers besides those which every request may meet.
    """
    rules = (rule,) if isinstance(rule, str) else rule or ()
    operation = Operation(rules, schema, body_optional, answer, query, refusals)

    def decorate(method: Callable[..., Any]) -> Callable[[Any], Any]:
        def handler(self: Resource) -> Any:
            taken = intake.of(pecan.request.environ)
            if isinstance(rule, str):
                self.authorize(rule, self.target())
            elif rule is not None and not any(self.allows(r) for r in rule):
                self.authorize(rule[0], self.target())
            if rule is not None and pecan.request.method not in _READS:
                self.count_write()
            if schema is not None:
                return method(self, _body(self.services.conf, taken, schema, body_optional))
            if body_forbidden and taken.has_body:
                raise exceptions.BadRequest(
                    f"{pecan.request.method} {pecan.request.path_info} takes no body; send none"
                )
            return method(self)

        functools.update_wrapper(handler, method)
        handler.operation = operation  # type: ignore[attr-defined]
        exposed: Callable[[Any], Any] = pecan.expose("json")(handler)
        return exposed

    return decorate


def _body(
    conf: cfg.ConfigOpts, taken: intake.Intake, schema: validation.Schema, optional: bool
) -> Any:
    if not taken.has_body:
        if optional:
            return {}
        raise exceptions.BadRequest("the body is empty; send a JSON object")
    value = json_body.parse(taken.body, conf.api.max_json_depth)
    validation.check(value, schema)
    return value
