"""What a database server says when it answers, and cannot do its work."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from oslo_db import exception as db_exc
from sqlalchemy import exc as sa_exc

_READ_ONLY = "takes no writes at this moment; find out why it is read-only"
#: What its words tell of, and what is said of it; the first that is found.
_MEANINGS = (
    (r"disk (is )?full|table '.*' is full|no space left|disk I/O error", "has no room left"),
    (r"read[- ]?only", _READ_ONLY),
    (r"too many (connections|clients)|remaining connection slots|QueuePool", "is overloaded"),
    (r"starting up|shutting down|recovery mode", "is not up"),
    (r"connection (to server|refused|timed out)|could not connect", "cannot be reached"),
)
_LIMITS = tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in _MEANINGS)


class CannotWork(db_exc.DBError):
    """The server answers that it cannot: full, read-only, overloaded, about to start.

    oslo.db passes on such errors as the driver's own, which nobody who waits for a database
    catches.
    """


#: What is the database's trouble and not the statement's: whoever can wait, waits.
PASSING = (db_exc.DBConnectionError, db_exc.DBDeadlock, CannotWork)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Raise :class:`CannotWork` for what a server cannot do now; whoever can wait, waits."""
    try:
        yield
    except (sa_exc.OperationalError, sa_exc.TimeoutError) as error:
        raise CannotWork(error) from error
    except db_exc.DBError as error:
        if isinstance(error.inner_exception, sa_exc.InternalError):
            raise CannotWork(error.inner_exception) from error
        raise


def reason(error: Exception) -> str | None:
    """Why a statement could not be carried out, for a client; None: it is the statement's fault.

    Nothing of the server's own words is passed on: they name users, hosts and tables.
    """
    if isinstance(error, db_exc.DBConnectionError):
        return "the database cannot be reached; repeat the request later"
    if isinstance(error, db_exc.DBDeadlock):
        return "the database is too busy to take this; repeat the request later"
    if not isinstance(error, CannotWork):
        return None
    said = next(
        (s for p, s in _LIMITS if p.search(str(error))), "cannot do its work at this moment"
    )
    return f"the database {said}; repeat the request when that is mended"
