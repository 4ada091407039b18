"""Who makes a request, and under which id its effects are logged."""

from __future__ import annotations

from typing import Any

from oslo_context import context


class RequestContext(context.RequestContext):
    """The caller of one API request, as the authentication middleware found it."""

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
