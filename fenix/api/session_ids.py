"""The ids of sessions, as they stand in URLs."""

from __future__ import annotations

import re

from fenix import exceptions

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def checked(text: str) -> str:
    """The id of a session as the database holds it.

    :raises NotFound: when no session can have that id.
    """
    session_id = text.lower()
    if not _UUID.fullmatch(session_id):
        raise exceptions.NotFound(
            f"no session {text!r}: that is not a session's id; GET /v1/maintenance lists them"
        )
    return session_id
