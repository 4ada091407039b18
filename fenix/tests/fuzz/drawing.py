"""How examples are drawn: as many as were asked for, the same ones for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis


def drawn(examples: int, seed: int) -> Callable[[Any], Any]:
    """A decorator over ``hypothesis.given``."""

    def decorate(test: Any) -> Any:
        return hypothesis.seed(seed)(
            hypothesis.settings(
                max_examples=max(1, examples),
                deadline=None,
                database=None,
                phases=[hypothesis.Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            )(test)
        )

    return decorate
