"""Who says what in a session, as drawings: each workflow's conversation with a manager.

A drawing is frames below each other; a frame has its condition, and lines: what is said to the
manager (``>``), what it answers (``<``), what Fenix does (``F``) and what the manager does (``M``).
Lines and text take the colour of the page, so it is readable on light and dark alike.
"""

import html

SEQUENCES = {
    "default": (
        ("", "> MAINTENANCE", "< ACK_MAINTENANCE"),
        ("only if room is short", "> SCALE_IN", "M deletes instances", "< ACK_SCALE_IN"),
        (
            "only if no host is empty",
            "> PREPARE_MAINTENANCE",
            "< ACK_PREPARE_MAINTENANCE, an action for each instance",
            "F moves the instances",
            "> INSTANCE_ACTION_DONE, for each instance",
        ),
        (
            "for each host with instances of the project",
            "> PLANNED_MAINTENANCE",
            "< ACK_PLANNED_MAINTENANCE, an action for each instance",
            "F moves the instances",
            "> INSTANCE_ACTION_DONE, for each instance",
            "F works on the host, puts it back into use",
        ),
        ("", "> MAINTENANCE_COMPLETE", "M scales out", "< ACK_MAINTENANCE_COMPLETE"),
    ),
    "vnf": (
        (
            "at any time before and in between",
            "< PUT /v1/instance_group/{group_id}",
            "< PUT /v1/instance/{instance_id}",
        ),
        ("", "> MAINTENANCE", "< ACK_MAINTENANCE"),
        (
            "only if room is short",
            "> SCALE_IN",
            "M deletes instances and their rows, adapts the group",
            "< ACK_SCALE_IN",
        ),
        (
            "only if no host is empty: for each instance",
            "> PREPARE_MAINTENANCE, one instance",
            "< ACK_PREPARE_MAINTENANCE, an action",
            "F moves it when its group has a place",
            "> INSTANCE_ACTION_DONE, that instance",
        ),
        (
            "for each instance on each compute, several at a time",
            "> PLANNED_MAINTENANCE, one instance",
            "< ACK_PLANNED_MAINTENANCE, an action",
            "F moves it when its group has a place",
            "> INSTANCE_ACTION_DONE, that instance",
        ),
        (
            "",
            "> MAINTENANCE_COMPLETE",
            "M scales out, sets rows of the new instances",
            "< ACK_MAINTENANCE_COMPLETE",
        ),
    ),
}

_WIDTH, _LEFT, _RIGHT = 720, 120, 600
_LINE, _GAP, _HEAD, _LABEL = 30, 12, 44, 20


def words(name):
    """The same as lines of text."""
    signs = {">": "Fenix to the manager: ", "<": "the manager to Fenix: "}
    signs |= {"F": "Fenix ", "M": "the manager "}
    lines = []
    for condition, *said in SEQUENCES[name]:
        lines += [f"{condition}:"] if condition else []
        lines += [f"{'  ' if condition else ''}{signs[one[0]]}{one[2:]}" for one in said]
    return "\n".join(lines)


def svg(name):
    """The drawing as an ``<svg>`` element for an HTML page."""
    parts, y = [], _HEAD + _GAP
    for condition, *said in SEQUENCES[name]:
        top = y
        y += _LABEL if condition else 0
        for one in said:
            y += _LINE
            parts += _said(one[0], one[2:], y)
        y += _GAP
        if condition:
            parts += _frame(condition, top, y - top)
        y += _GAP
    ends = "".join(_end(x, text, y) for x, text in ((_LEFT, "Fenix"), (_RIGHT, "manager")))
    return (
        f'<svg role="img" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 4}" '
        f'width="{_WIDTH}" style="max-width:100%;height:auto" font-family="sans-serif" '
        f'font-size="13" fill="currentColor" stroke="none">'
        f"<title>What Fenix and a manager say in a session of the workflow {name}</title>"
        f"<desc>{html.escape(words(name))}</desc>"
        f'<defs><marker id="fenix-said-{name}" viewBox="0 0 8 8" refX="7" refY="4" '
        f'markerWidth="9" markerHeight="9" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{ends}{''.join(parts).replace('fenix-said', f'fenix-said-{name}')}</svg>"
    )


def _end(x, text, bottom):
    """An actor with the line of its life."""
    return (
        f'<rect x="{x - 60}" y="4" width="120" height="32" rx="6" fill="currentColor" '
        f'fill-opacity="0.1" stroke="currentColor"/>'
        f'<text x="{x}" y="25" text-anchor="middle" font-weight="600">{text}</text>'
        f'<path d="M{x} 36V{bottom}" stroke="currentColor" stroke-opacity="0.5" '
        f'stroke-dasharray="4 4" fill="none"/>'
    )


def _said(kind, text, y):
    if kind in "FM":
        at, anchor = (_LEFT + 12, "start") if kind == "F" else (_RIGHT - 12, "end")
        mark = _LEFT if kind == "F" else _RIGHT
        return [
            f'<rect x="{mark - 4}" y="{y - 22}" width="8" height="20" fill="currentColor"/>',
            f'<text x="{at}" y="{y - 7}" text-anchor="{anchor}" font-style="italic">'
            f"{html.escape(text)}</text>",
        ]
    start, end = (_LEFT, _RIGHT) if kind == ">" else (_RIGHT, _LEFT)
    first, comma, rest = text.partition(",")
    return [
        f'<path d="M{start} {y}H{end + (-2 if end == _RIGHT else 2)}" stroke="currentColor" '
        f'stroke-width="1.4" fill="none" marker-end="url(#fenix-said)"/>',
        f'<text x="{(_LEFT + _RIGHT) / 2}" y="{y - 6}" text-anchor="middle">'
        f'<tspan font-family="monospace" font-weight="600">{html.escape(first)}</tspan>'
        f"{comma}{html.escape(rest)}</text>",
    ]


def _frame(condition, top, height):
    return [
        f'<rect x="20" y="{top}" width="{_WIDTH - 40}" height="{height}" rx="6" fill="none" '
        f'stroke="currentColor" stroke-opacity="0.5"/>',
        f'<text x="{_LEFT + 12}" y="{top + 16}" font-size="12" font-style="italic">'
        f"{html.escape(condition)}</text>",
    ]
