"""An action that does nothing to the host: to try a workflow out."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from fenix.workflow.action import BaseAction, Result, State


class ActionPlugin(BaseAction):
    """Takes ``seconds`` (0), then succeeds, or fails when ``fail`` is true."""

    metadata_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "seconds": {"type": "number", "minimum": 0, "maximum": 86400},
            "fail": {"type": "boolean"},
        },
    }

    def run(self) -> Result:
        """Wait as long as it is told."""
        time.sleep(self.task.metadata.get("seconds", 0))
        if self.task.metadata.get("fail"):
            return Result(State.FAILED, "told to fail")
        return Result(State.SUCCEEDED, f"nothing was done to {self.task.hostname}")
