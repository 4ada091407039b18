"""Installs pending packages on a host over SSH."""

import subprocess

from fenix.workflow.action import BaseAction, Result, State


class ActionPlugin(BaseAction):
    """``{"only": "<package>"}``, or nothing for all packages."""

    metadata_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"only": {"type": "string", "pattern": "^[a-z0-9.+-]+$"}},
    }
    timeout = 1800

    @property
    def _what(self):
        only = self.task.metadata.get("only")
        return f"install --only-upgrade {only}" if only else "upgrade"

    def done(self):
        """Whether nothing is pending."""
        ended = self._ssh(f"apt-get -s {self._what}")
        return ended.returncode == 0 and "\nInst " not in ended.stdout

    def run(self):
        """Install; what the command printed last is the result's text."""
        ended = self._ssh(f"sudo apt-get -qq -y {self._what}")
        words = (ended.stdout + ended.stderr).strip()[-500:]
        return Result(State.FAILED if ended.returncode else State.SUCCEEDED, words)

    def _ssh(self, command):
        return subprocess.run(  # noqa: S603
            ["ssh", "-o", "BatchMode=yes", self.task.hostname, command],  # noqa: S607
            capture_output=True,
            timeout=self.timeout,  # or a host that hangs would keep a thread of the engine
            text=True,
            check=False,
        )
