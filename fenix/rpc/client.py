"""What the API asks of engines: commands that wait for an answer, and hints that do not."""

from __future__ import annotations

import datetime
import logging
from typing import Any

import oslo_messaging
from oslo_config import cfg

from fenix import exceptions, timing
from fenix.rpc import background
from fenix.rpc import transport as rpc_transport

LOG = logging.getLogger(__name__)

_NO_ENGINE = (
    "no engine answered within {seconds} s ({call}); check that a fenix-engine runs and that it "
    "reaches the message bus, then repeat the request"
)

#: Seconds that oslo.messaging is given to find out about its own time limit.
_MARGIN = 1.0


class EngineClient:
    """Calls to whichever engine takes them first.

    Every ``context`` is a dict that carries the request id; the engine keeps it with what the
    command causes. Commands add ``deadline`` to it, ``YYYY-MM-DD HH:MM:SS`` UTC.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: oslo_messaging.RPCTransport,
        clock: timing.Clock | None = None,
    ) -> None:
        self._timeout = conf.api.rpc_timeout
        self._clock = clock or timing.SystemClock()
        self._client = oslo_messaging.get_rpc_client(
            transport, rpc_transport.target(), timeout=self._timeout
        )
        # The other half of the threads stays free for projects, whose replies need no engine.
        self._calls = background.Limited(max(1, conf.api.threads // 2))
        self._hints = background.Hints(self._cast_wake)

    def create_session(
        self, context: dict[str, Any], session_id: str, body: dict[str, Any]
    ) -> None:
        """Create the session ``session_id``; returns when its rows are written.

        :param body: as the client posted it, validated against the schema; times are text.
        :raises Unprocessable: unknown workflow, action or host, or a bad action metadata.
        :raises Conflict: another session holds one of the hosts.
        :raises SessionLimit: too many live sessions.
        :raises Unavailable: no engine answered in time. The engine refuses the command past
            that time, but may have written the session just before: look it up.
        """
        self._call(
            context,
            "create_session",
            session_id=session_id,
            body=body,
            deadline=self._deadline(),
        )

    def plan(self, context: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """What a session with this body would do; nothing is changed.

        :param body: as for :meth:`create_session`.
        :returns: the plan as clients see it.
        :raises Unprocessable: as for :meth:`create_session`, or the workflow cannot tell.
        :raises Conflict: another session holds one of the hosts.
        """
        answer: dict[str, Any] = self._call(context, "plan", body=body)
        return answer

    def command_session(
        self,
        context: dict[str, Any],
        session_id: str,
        command: str,
        *,
        host: str | None = None,
        state: str | None = None,
    ) -> dict[str, Any]:
        """Command a session; returns when that is written, and an engine will act on it.

        :param command: ``pause``, ``resume``, ``abort``, ``continue`` (a failed session, from
            ``state`` or from where it failed), ``retry_host`` or ``skip_host`` (with ``host``).
        :returns: ``{"session_id", "state"}``.
        :raises NotFound: no such session. :raises Conflict: it is not in a state for this.
        :raises BadRequest: the workflow has no such state. :raises Unprocessable: not its host.
        """
        answer: dict[str, Any] = self._call(
            context,
            "command_session",
            session_id=session_id,
            command=command,
            host=host,
            state=state,
        )
        return answer

    def delete_session(self, context: dict[str, Any], session_id: str) -> None:
        """Stop a session, put its hosts back, and delete its rows; returns when that is done.

        :raises NotFound: no such session.
        """
        self._call(context, "delete_session", session_id=session_id)

    def wake(self, context: dict[str, Any], session_id: str, engine_id: str | None = None) -> None:
        """Tell one engine that a session has something to look at.

        Returns at once and never fails; the hint may be lost.

        :param engine_id: the one that worked on the session last, which others leave it to;
            None: whichever comes first.
        """
        self._hints.put(context, session_id, engine_id)

    def _cast_wake(
        self, context: dict[str, Any], session_id: str, engine_id: str | None = None
    ) -> None:
        to = {} if engine_id is None else {"server": engine_id}
        try:
            self._client.prepare(retry=0, **to).cast(context, "wake", session_id=session_id)
        except oslo_messaging.MessagingException as error:
            LOG.warning(
                "The hint for session %s was not sent (%s); an engine's poll will find it.",
                session_id,
                error,
            )

    def _deadline(self) -> str | None:
        """When nobody waits for an answer any more; an engine refuses what it gets later."""
        return timing.wire(self._clock.now() + datetime.timedelta(seconds=self._timeout))

    def _call(self, context: dict[str, Any], method: str, **arguments: Any) -> Any:
        carried = {**context, "deadline": self._deadline()}
        try:
            return self._calls.run(
                lambda: self._client.call(carried, method, **arguments),
                self._timeout + _MARGIN,
            )
        except (oslo_messaging.MessagingTimeout, TimeoutError):
            raise exceptions.Unavailable(
                _NO_ENGINE.format(seconds=self._timeout, call=method)
            ) from None
        except oslo_messaging.MessageDeliveryFailure as error:
            raise exceptions.Unavailable(
                f"the message bus cannot be reached ({error}); repeat the request later"
            ) from None
