"""The contract of action plug-ins."""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Callable
from typing import Any, ClassVar

from oslo_config import cfg

from fenix.cloud import base as cloud_base


class State(enum.Enum):
    """How a run ended. ``SKIPPED``: there was nothing to do, the goal already held."""

    SUCCEEDED = "SUCCEEDED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"


@dataclasses.dataclass(frozen=True)
class Result:
    """The end of a run, with text for the admin."""

    state: State
    message: str = ""


@dataclasses.dataclass(frozen=True)
class Task:
    """What a plug-in is to do.

    ``key`` is the same for every attempt at this action on this host in this session;
    ``heartbeat`` may be called in long work, and raises when the run was given to another engine.
    """

    session_id: str
    hostname: str
    type: str
    metadata: dict[str, Any]
    key: str
    attempt: int
    conf: cfg.ConfigOpts
    cloud: cloud_base.Cloud
    heartbeat: Callable[[], None]


class BaseAction(abc.ABC):
    """Something done to a host, or once before or after all hosts."""

    #: JSON schema of the action's ``metadata``.
    metadata_schema: ClassVar[dict[str, Any]] = {"type": "object"}
    #: Seconds that one run may take; None: ``[workflow] action_timeout``.
    timeout: ClassVar[float | None] = None

    def __init__(self, task: Task) -> None:
        self.task = task

    @classmethod
    def configured(cls, conf: cfg.ConfigOpts) -> None:
        """Look at the plug-in's own configuration, once when an engine starts.

        :raises PluginError: it is wrong; the engine does not start.
        """
        return

    @classmethod
    def check(cls, metadata: dict[str, Any], conf: cfg.ConfigOpts) -> None:
        """Look at what a new session gives, which fits ``metadata_schema`` already.

        :raises ValueError: it cannot be done; the session is refused with this text.
        """
        return

    @abc.abstractmethod
    def run(self) -> Result:
        """Do it. An exception counts as FAILED, with its text."""

    def done(self) -> bool:
        """Whether the goal holds already; then it is not run (again), but still gated."""
        return False

    def health(self) -> bool:
        """Whether the host is well after the run; asked again until it is, or time is up.

        An exception counts as not well yet, with its text.
        """
        return True
