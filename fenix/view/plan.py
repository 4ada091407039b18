"""A plan (``POST /v1/plan``) as text for a terminal."""

from __future__ import annotations

from typing import Any

_PHASES = {
    "MAINTENANCE": "projects agree, actions before all hosts",
    "PREPARE_MAINTENANCE": "the first hosts are emptied",
    "controllers": "controllers, one at a time",
    "computes": "computes",
    "MAINTENANCE_COMPLETE": "actions after all hosts, projects scale out",
}


def text(plan: dict[str, Any], *, moves: bool = False) -> str:
    """The whole plan; several lines.

    :param plan: as the service answers it.
    :param moves: also every move, with its source and target.
    """
    parts = [_summary(plan), _waves(plan), _duration(plan), _groups(plan), _troubles(plan)]
    if moves:
        parts.append(_moves(plan))
    return "\n".join(line for part in parts for line in part)


def length(seconds: float) -> str:
    """A time as people say it.

    >>> length(5025)
    '1 h 24 min'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _summary(plan: dict[str, Any]) -> list[str]:
    totals, bounds, ratios = plan["totals"], plan["bounds"], plan["ratios"]
    lines = [
        f"Workflow {plan['workflow']}: {totals['hosts']} computes in {totals['waves']} waves, "
        f"{totals['moves']} moves, {length(plan['duration']['seconds'])} "
        f"(until {plan['duration']['ends_at']} UTC)"
    ]
    if ratios["waves"] is not None:
        lines.append(
            f"No plan needs fewer than {bounds['waves']} waves (this one is "
            f"{ratios['waves']:.2f} times that) and {bounds['moves']} moves "
            f"({ratios['moves']:.2f} times); at most {bounds['hosts_together']} hosts can be "
            f"empty at once"
        )
    return lines


def _waves(plan: dict[str, Any]) -> list[str]:
    lines = []
    for wave in plan["waves"]:
        lines.append(f"Wave {wave['wave']}:")
        lines.extend(
            f"  {host['host']}: {host['instances']} instances, "
            f"{'emptied first, ' if host['emptied_first'] else ''}begins after "
            f"{length(host['drain_at'])}, empty after {length(host['empty_at'])}, in use again "
            f"after {length(host['done_at'])}"
            for host in wave["hosts"]
        )
    return lines


def _duration(plan: dict[str, Any]) -> list[str]:
    lines = ["Time by phase:"]
    for name, seconds in plan["duration"]["phases"].items():
        if seconds:
            lines.append(f"  {length(seconds):>12}  {_PHASES.get(name, name)}")
    lines.append("Reckoned with:")
    for name, known in sorted(plan["duration"]["times"].items()):
        whence = known["source"]
        if known["count"]:
            whence = f"median of {known['count']} in {whence}"
        lines.append(f"  {length(known['seconds']):>12}  {name} ({whence})")
    return lines


def _groups(plan: dict[str, Any]) -> list[str]:
    lines = ["Groups:"] if plan["groups"] else []
    lines.extend(
        f"  {group['group_id']}: {group['members']} members move, {group['moves']} moves, at "
        f"least {length(group['pace'])}"
        for group in plan["groups"]
    )
    return lines


def _troubles(plan: dict[str, Any]) -> list[str]:
    lines = [f"Such a session would stop: {why}" for why in plan["obstacles"]]
    short = plan["scale_in"]
    if short is not None:
        lines.append(
            f"Projects would be asked to scale in: {short['instances']} instances with "
            f"{short['vcpus']} vCPU are too many to empty {short['host']}, which needs least"
        )
    for host in plan["blocked_hosts"]:
        lines.append(f"{host['host']} cannot be emptied: {host['why']}")
        lines.append(f"  What would help: {host['remedy']}")
    if plan["outside_window"]:
        lines.append(
            f"Not done before the window ends, so not begun: {', '.join(plan['outside_window'])}"
        )
    lines.extend(
        f"Nobody answers for project {project['project_id']}: its instances are moved without "
        f"a question"
        for project in plan["projects"]
        if not project["has_manager"] and not plan["obstacles"]
    )
    return lines


def _moves(plan: dict[str, Any]) -> list[str]:
    return [
        "Moves:",
        *(
            f"  wave {move['wave']}: {move['instance_name']} ({move['instance_id']}) "
            f"{move['source']} -> {move['target']}"
            for move in plan["moves"]
        ),
    ]
