"""Who may do what: the rules of the API, and the enforcer that reads an operator's overrides.

Admin rules take a token of the system or of a project. Rules of a project take its members'
tokens, and an admin's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from oslo_config import cfg
from oslo_policy import policy

from fenix import exceptions
from fenix.context import RequestContext

SESSION = "/v1/maintenance/{session_id}"
PROJECT = SESSION + "/{project_id}"

_SCOPES = ["system", "project"]

_BASE = [
    policy.RuleDefault("fenix:admin", "role:admin", description="An administrator of the cloud."),
    policy.RuleDefault(
        "fenix:system_reader",
        "rule:fenix:admin or (role:reader and system_scope:all)",
        description="Somebody who may look at everything, or an administrator.",
    ),
    policy.RuleDefault(
        "fenix:project_member",
        "rule:fenix:admin or (role:member and project_id:%(project_id)s)",
        description="Somebody who acts for the project that is addressed, or an administrator.",
    ),
    policy.RuleDefault(
        "fenix:project_reader",
        "rule:fenix:project_member or (role:reader and project_id:%(project_id)s)",
        description="Somebody who may look at what the addressed project owns.",
    ),
]

_ADMIN = "rule:fenix:admin"
_AUDITOR = "rule:fenix:system_reader"
_MEMBER = "rule:fenix:project_member"
_READER = "rule:fenix:project_reader"

# name, who, what for, calls
_TABLE: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    ("session:create", _ADMIN, "Create a maintenance session.", [("POST", "/v1/maintenance")]),
    ("session:plan", _ADMIN, "Plan a session without creating it.", [("POST", "/v1/plan")]),
    ("session:list", _AUDITOR, "List the sessions.", [("GET", "/v1/maintenance")]),
    ("session:show", _AUDITOR, "Show the state of a session.", [("GET", SESSION)]),
    (
        "session:continue",
        _ADMIN,
        "Continue a session that has failed.",
        [("PUT", SESSION), ("POST", SESSION)],
    ),
    (
        "session:control",
        _ADMIN,
        "Pause, resume or abort a session, retry or skip one of its hosts.",
        [("PUT", SESSION), ("POST", SESSION)],
    ),
    ("session:delete", _ADMIN, "Stop a session and put its hosts back.", [("DELETE", SESSION)]),
    (
        "session:detail",
        _AUDITOR,
        "Show a session with its hosts, instances, projects and actions.",
        [("GET", SESSION + "/detail")],
    ),
    (
        "session:events",
        _AUDITOR,
        "Read a session's history, also when it is deleted.",
        [("GET", SESSION + "/events")],
    ),
    ("engine:list", _AUDITOR, "List the engines that live.", [("GET", "/v1/engines")]),
    (
        "project:show",
        _READER,
        "List a project's instances that a session is concerned with.",
        [("GET", PROJECT)],
    ),
    (
        "project:reply",
        _MEMBER,
        "Reply to a session for a project or for one of its instances.",
        [("PUT", PROJECT), ("PUT", PROJECT + "/{instance_id}")],
    ),
    (
        "subscription:list",
        _AUDITOR,
        "List the webhooks of all projects.",
        [("GET", "/v1/subscription")],
    ),
    (
        "subscription:show",
        _READER,
        "Show a project's webhook, without its secret.",
        [("GET", "/v1/subscription/{project_id}")],
    ),
    (
        "subscription:put",
        _MEMBER,
        "Register a project's webhook.",
        [("PUT", "/v1/subscription/{project_id}")],
    ),
    (
        "subscription:delete",
        _MEMBER,
        "Delete a project's webhook.",
        [("DELETE", "/v1/subscription/{project_id}")],
    ),
    (
        "dead_letter:list",
        _AUDITOR,
        "List notifications that could not be delivered.",
        [("GET", "/v1/dead_letters")],
    ),
    (
        "constraint:any_project",
        _ADMIN,
        "Read and write constraints that other projects own.",
        [
            ("GET", "/v1/instance/{instance_id}"),
            ("PUT", "/v1/instance/{instance_id}"),
            ("DELETE", "/v1/instance/{instance_id}"),
            ("GET", "/v1/instance_group/{group_id}"),
            ("PUT", "/v1/instance_group/{group_id}"),
            ("DELETE", "/v1/instance_group/{group_id}"),
        ],
    ),
]
_TABLE += [
    (
        "limits:exempt",
        _ADMIN,
        "Write as often as one likes, whatever [api] project_writes_per_minute says.",
        [
            ("PUT", PROJECT),
            ("PUT", PROJECT + "/{instance_id}"),
            ("PUT", "/v1/instance/{instance_id}"),
            ("DELETE", "/v1/instance/{instance_id}"),
            ("PUT", "/v1/instance_group/{group_id}"),
            ("DELETE", "/v1/instance_group/{group_id}"),
        ],
    ),
]
for _kind, _key in (("instance", "instance_id"), ("instance_group", "group_id")):
    _path = f"/v1/{_kind}/{{{_key}}}"
    _TABLE += [
        (f"{_kind}:show", _READER, f"Show the constraints of an {_kind}.", [("GET", _path)]),
        (f"{_kind}:put", _MEMBER, f"Set the constraints of an {_kind}.", [("PUT", _path)]),
        (
            f"{_kind}:delete",
            _MEMBER,
            f"Delete the constraints of an {_kind}.",
            [("DELETE", _path)],
        ),
    ]


def list_rules() -> list[policy.RuleDefault]:
    """Every rule with its default, for the enforcer, the sample file and the manual."""
    return _BASE + [
        policy.DocumentedRuleDefault(
            name=name,
            check_str=check,
            description=text,
            operations=[{"method": method, "path": path} for method, path in calls],
            scope_types=list(_SCOPES),
        )
        for name, check, text, calls in _TABLE
    ]


class Enforcer(policy.Enforcer):
    """An enforcer that looks for changed overrides once a second, not before each decision."""

    _INTERVAL = 1.0
    _looked = float("-inf")

    def load_rules(self, force_reload: bool = False) -> None:
        """Read what has changed."""
        now = time.monotonic()
        if force_reload or now >= self._looked + self._INTERVAL:
            super().load_rules(force_reload)
            self._looked = now


def make_enforcer(conf: cfg.ConfigOpts) -> policy.Enforcer:
    """An enforcer with the rules of this service and the overrides that ``conf`` names.

    :raises oslo_policy.policy.InvalidRuleDefault: and others, when the overrides are bad.
    """
    enforcer = Enforcer(conf)
    enforcer.register_defaults(list_rules())
    enforcer.load_rules()
    return enforcer


def authorize(
    enforcer: policy.Enforcer, rule: str, target: Mapping[str, Any], context: RequestContext
) -> None:
    """Let the call pass, or refuse it.

    :raises Forbidden: when the rule does not allow it to this caller.
    """
    try:
        enforcer.authorize(rule, dict(target), context, do_raise=True)
    except (policy.PolicyNotAuthorized, policy.InvalidScope):
        raise exceptions.Forbidden(_refusal(rule, target, context)) from None


def allows(
    enforcer: policy.Enforcer, rule: str, target: Mapping[str, Any], context: RequestContext
) -> bool:
    """Whether the rule allows the call to this caller."""
    try:
        authorize(enforcer, rule, target, context)
    except exceptions.Forbidden:
        return False
    return True


def _refusal(rule: str, target: Mapping[str, Any], context: RequestContext) -> str:
    project = target.get("project_id")
    if project is not None and project != context.project_id:
        return (
            f"policy {rule} does not allow this for project {project!r} with a token of project "
            f"{context.project_id!r}; use a token of that project, or of an administrator"
        )
    return f"policy {rule} does not allow this with the roles of your token"


def get_enforcer() -> policy.Enforcer:
    """An enforcer for the ``oslopolicy-*`` tools, which pass their own options in ``sys.argv``."""
    own = ("--namespace", "--output-file")
    arguments: list[str] = []
    skip = False
    for argument in sys.argv[1:]:
        if skip:
            skip = False
        elif argument in own:
            skip = True
        elif not argument.startswith(own):
            arguments.append(argument)
    cfg.CONF(arguments, project="fenix")
    return make_enforcer(cfg.CONF)
