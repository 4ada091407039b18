"""The service's options as plain attributes: a simulated session reads them a million times."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

from fenix import conf


@functools.cache
def _defaults() -> dict[str, dict[str, Any]]:
    return {group: {o.dest: o.default for o in opts} for group, opts in conf.list_opts()}


def settings(overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Any:
    """Every option with its default, or what ``overrides`` says by section and name.

    :raises ValueError: an option that the service does not have.
    """
    given = {group: dict(values) for group, values in (overrides or {}).items()}
    sections = {}
    for group, defaults in _defaults().items():
        chosen = given.pop(group, {})
        unknown = chosen.keys() - defaults.keys()
        if unknown:
            raise ValueError(f"[{group}] has no option {', '.join(sorted(unknown))}")
        sections[group] = types.SimpleNamespace(**{**defaults, **chosen})
    if given:
        raise ValueError(f"there is no section {', '.join(sorted(given))}")
    return types.SimpleNamespace(**sections)
