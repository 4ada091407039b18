"""``OpenStack-API-Version``: which version of the API a client speaks, and which it is served.

After the API SIG's guideline on microversions. There is one version so far; a client that names
none gets the lowest.
"""

from __future__ import annotations

import re
from typing import Any

from fenix import exceptions

SERVICE_TYPE = "maintenance"
HEADER = "OpenStack-API-Version"
#: Lowest and highest version that is served.
LOWEST = HIGHEST = "1.0"

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\Z")
#: Documents that tell which versions there are are the same in each of them.
VERSIONED = "/v1/"


def chosen(header: str | None) -> str:
    """The version that a header asks for.

    :param header: ``<service type> <version>``, or several of them with commas between.
    :raises BadRequest: it is not of that form.
    :raises NotAcceptable: the version is not served.
    """
    version = LOWEST
    for part in (header or "").split(","):
        words = part.split()
        if len(words) == 2 and words[0] == SERVICE_TYPE:
            version = words[1]
        elif words and (words[0] == SERVICE_TYPE or len(words) != 2):
            raise exceptions.BadRequest(
                f"{HEADER}: {part.strip()!r} is not a service type and a version; send "
                f"'{SERVICE_TYPE} {HIGHEST}' or leave it out"
            )
    if version == "latest":
        return HIGHEST
    if not _VERSION.match(version):
        raise exceptions.BadRequest(
            f"{HEADER}: {version!r} is not a version; send '{SERVICE_TYPE} {HIGHEST}' or leave it "
            f"out"
        )
    if version != HIGHEST:
        raise exceptions.NotAcceptable(
            f"{HEADER}: version {version} is not served; {LOWEST} to {HIGHEST} are"
        )
    return version


class Demand:
    """WSGI middleware that refuses versions which are not served."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Look at the header, then pass the request on."""
        if environ["PATH_INFO"].startswith(VERSIONED):
            chosen(environ.get("HTTP_OPENSTACK_API_VERSION"))
        return self._application(environ, start_response)


class Tell:
    """WSGI middleware that says in every answer which version it is in."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Pass the request on, and add to the answer's headers."""
        if not environ["PATH_INFO"].startswith(VERSIONED):
            return self._application(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            told = [(HEADER, f"{SERVICE_TYPE} {HIGHEST}"), ("Vary", HEADER)]
            return start_response(status, [*headers, *told], *more)

        return self._application(environ, start)
