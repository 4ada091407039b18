"""Whether a webhook is really from Fenix, and from just now.

For managers that have registered with a subscription of their own; what Aodh posts has no
signature.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable

from fenix.client.errors import ClientError

#: The header of the signature.
HEADER = "X-Fenix-Signature"
#: Seconds between the time in a signature and one's own that are let pass.
TOLERANCE = 300.0

_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class SignatureError(ClientError):
    """Refuse the request: it is not from Fenix, was changed, or is an old one again."""


def verify(
    body: bytes,
    header: str | None,
    secrets: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> None:
    """Return when one of the secrets has signed this body, not long ago.

    What was recorded can be sent again within ``tolerance``: remember the ``message_id`` of events
    for so long. A notification that is tried again has the same ``message_id`` and a new time.

    :param body: as it was received, byte for byte.
    :param header: the value of :data:`HEADER`; None: there was none.
    :param secrets: that of the subscription; several while it is being changed.
    :param now: seconds since 1970; None: those of the machine's clock.
    :raises SignatureError: saying what is wrong.
    """
    found = _FORM.fullmatch(header or "")
    if found is None:
        raise SignatureError(f"{HEADER}: missing, or not 't=<seconds>,v1=<64 hexadecimal digits>'")
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    signed = found[1].encode() + b"." + body
    given = found[2]
    # Every secret is tried, and compared in constant time.
    matching = [
        hmac.compare_digest(hmac.new(s.encode(), signed, hashlib.sha256).hexdigest(), given)
        for s in known
    ]
    if not any(matching):
        raise SignatureError(f"{HEADER}: not made with this secret for this body")
    age = (time.time() if now is None else now) - int(found[1])
    if abs(age) > tolerance:
        raise SignatureError(
            f"{HEADER}: made {age:.0f} s ago, more than {tolerance:.0f} s off; are the "
            f"clocks right?"
        )
