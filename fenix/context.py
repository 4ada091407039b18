"""Who makes a request, for which session, and under which id its effects are logged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from oslo_context import context

#: Where a request's environment names the session in its URL.
SESSION = "fenix.session_id"


class RequestContext(context.RequestContext):
    """The caller of one API request, as the authentication middleware found it.

    In an engine: the request that began what it does now, and the session that it works on. While
    one is the thread's, every line that the thread logs carries ``request_id`` and ``session_id``.
    """

    @property
    def session_id(self) -> str | None:
        """The session that this is about."""
        found: str | None = self.resource_uuid
        return found

    def to_dict(self) -> dict[str, Any]:
        """What structured logs keep of it."""
        return {**super().to_dict(), "session_id": self.session_id}

    def get_logging_values(self) -> dict[str, Any]:
        """What formats of log lines may name."""
        return {**super().get_logging_values(), "session_id": self.session_id}

    def to_rpc(self) -> dict[str, Any]:
        """What engines are told: the request ids, and who asks, for a session's history.

        No project: whatever leaves an engine as a notification must not carry the caller's
        (contract section 5).
        """
        return {
            "request_id": self.request_id,
            "global_request_id": self.global_request_id,
            "user_id": self.user_id,
        }


@contextlib.contextmanager
def working(
    session_id: str | None, request_id: str | None = None, told: Mapping[str, Any] | None = None
) -> Iterator[RequestContext]:
    """The thread works on a session in the block.

    :param request_id: of the request that caused it; None: it causes itself.
    :param told: what :meth:`RequestContext.to_rpc` of the caller was.
    """
    before = context.get_current()
    caused = {k: v for k, v in (told or {}).items() if k in ("global_request_id", "user_id")}
    made = RequestContext(
        request_id=request_id or (told or {}).get("request_id"),
        resource_uuid=session_id,
        overwrite=True,
        **caused,
    )
    try:
        yield made
    finally:
        if before is None:
            forget()
        else:
            before.update_store()


def begin(request_id: str, session_id: str | None) -> None:
    """The thread begins with a request of which no more is known yet."""
    RequestContext(request_id=request_id, resource_uuid=session_id, overwrite=True)


def forget() -> None:
    """The thread has ended its work: what it logs next belongs to nothing."""
    if context.get_current() is not None:
        del context._request_store.context
