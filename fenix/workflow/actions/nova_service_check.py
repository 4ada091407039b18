"""Checks that Nova's services on a host report as up again."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from fenix import exceptions
from fenix.workflow.action import BaseAction, Result, State

_PAUSE = 1.0
_SECONDS = 300


class ActionPlugin(BaseAction):
    """``{"seconds": n}``: SUCCEEDED when every service of the host is up within n (300) s."""

    metadata_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"seconds": {"type": "number", "minimum": 0, "maximum": 86400}},
    }

    def run(self) -> Result:
        """Ask until they are up, or the time is over."""
        seconds = self.task.metadata.get("seconds", _SECONDS)
        start = time.monotonic()
        why = ""
        while True:
            self.task.heartbeat()
            try:
                found = next(iter(self.task.cloud.hosts(self.task.hostname)), None)
                if found is not None and found.up:
                    return Result(State.SUCCEEDED, f"up after {time.monotonic() - start:.1f} s")
                why = "a service is down" if found else "Nova does not know the host"
            except exceptions.CloudError as error:
                why = str(error)
            if time.monotonic() - start >= seconds:
                return Result(State.FAILED, f"not up within {seconds:g} s: {why}")
            time.sleep(_PAUSE)
