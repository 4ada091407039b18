"""Runs one of the commands that the configuration allows, on the engine's machine, for a host."""

from __future__ import annotations

# It runs what the configuration names, without a shell.
import subprocess  # nosec B404
from typing import Any, ClassVar

from oslo_config import cfg

from fenix import exceptions
from fenix.conf.command_action import GROUP
from fenix.workflow.action import BaseAction, Result, State

_GRACE = 5.0


def allowed(conf: cfg.ConfigOpts) -> dict[str, list[str]]:
    """``[command_action] allow`` as program and arguments by name.

    :raises PluginError: an entry that is not ``name = program argument ...``.
    """
    commands: dict[str, list[str]] = {}
    try:
        entries = conf[GROUP].allow
    except cfg.Error as error:
        raise exceptions.PluginError(f"[{GROUP}] allow: {error}; write $$ for a $") from None
    for entry in entries:
        name, separator, text = entry.partition("=")
        argv = text.split()
        if not (separator and name.strip() and argv):
            raise exceptions.PluginError(
                f"[{GROUP}] allow: {entry!r} is not 'name = program argument ...'"
            )
        commands[name.strip()] = argv
    return commands


def _not_allowed(name: str, commands: dict[str, list[str]]) -> str:
    known = ", ".join(sorted(commands)) or "none"
    return f"[{GROUP}] allows no command {name!r}; allowed: {known}"


class ActionPlugin(BaseAction):
    """``{"command": "<name>", "seconds": n}``: an allowed command, by its configured name.

    SUCCEEDED with exit status 0, FAILED with any other, or when it takes longer than ``seconds``
    (it is then ended). The end of its output is kept in the result. There is no ``done()``: after
    an engine's crash the command is run again, with the same ``{key}``.
    """

    metadata_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["command"],
        "additionalProperties": False,
        "properties": {
            "command": {"type": "string", "minLength": 1, "maxLength": 64},
            "seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 86400},
        },
    }

    @classmethod
    def configured(cls, conf: cfg.ConfigOpts) -> None:
        """Every entry of the list must say what it allows."""
        allowed(conf)

    @classmethod
    def check(cls, metadata: dict[str, Any], conf: cfg.ConfigOpts) -> None:
        """The command must be on the list."""
        name = metadata["command"]
        commands = allowed(conf)
        if name not in commands:
            raise ValueError(f"command: {_not_allowed(name, commands)}")

    def run(self) -> Result:
        """Run it."""
        task = self.task
        name = task.metadata["command"]
        commands = allowed(task.conf)
        if name not in commands:
            return Result(State.FAILED, _not_allowed(name, commands))
        argv = [self._filled(part) for part in commands[name]]
        seconds = task.metadata.get("seconds", task.conf.workflow.action_timeout)
        try:
            # The configuration's words, and the host's name as one of them; no shell.
            process = subprocess.Popen(  # noqa: S603  # nosec B603
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            return Result(State.FAILED, f"{argv[0]}: {error.strerror}")
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            output = self._end(process)
            return Result(
                State.FAILED, f"{name} did not end within {seconds:g} s\n{self._tail(output)}"
            )
        state = State.SUCCEEDED if process.returncode == 0 else State.FAILED
        return Result(state, f"{name}: exit status {process.returncode}\n{self._tail(output)}")

    def _filled(self, part: str) -> str:
        values = {
            "{host}": self.task.hostname,
            "{session}": self.task.session_id,
            "{key}": self.task.key,
        }
        for name, value in values.items():
            part = part.replace(name, value)
        return part

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> str:
        process.terminate()
        try:
            output, _ = process.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        return output

    def _tail(self, output: str) -> str:
        return output[-self.task.conf[GROUP].output_limit :].strip()
