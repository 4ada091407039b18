"""Requests to the service: JSON in, JSON out, refusals as errors."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ksa_exceptions

from fenix.client import errors

SERVICE_TYPE = "maintenance"
#: The version of the API that the results are of.
_MICROVERSION = "1.0"

_VERSION = re.compile(r"v\d+(\.\d+)?\Z")
_SHOWN = 200
#: Requests that may be repeated when it is unknown whether they arrived.
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_BUSY = [503]
_TOO_MANY = 429
#: Times that a request is sent again while it is answered that there are too many.
_TURNS = 10
_LONGEST_WAIT = 60.0
#: urllib3's words, around the one that says something.
_POOL = re.compile(r": HTTPS?ConnectionPool.*?\[Errno -?\d+\] ([^'\")]+).*", re.S)


def versioned(url: str) -> str:
    """An endpoint as the calls need it: ending in ``/v1``, without a slash.

    >>> versioned("http://controller:12347/")
    'http://controller:12347/v1'
    """
    bare = url.rstrip("/")
    last = urlsplit(bare).path.rsplit("/", 1)[-1]
    return bare if _VERSION.match(last) else f"{bare}/v1"


class Connection:
    """The service as one Keystone session reaches it.

    :param session: a ``keystoneauth1.session.Session``.
    :param endpoint: the service's URL, with or without ``/v1``; None looks it up in the catalogue.
    :param retries: how often a call is made again that got no answer, or the answer that the
        service is busy, where that is harmless. Sessions are not created twice.
    :param sleep: how to wait when the service says that a project writes too often; it is asked
        again as soon as it says, whatever the verb, because it has done nothing.
    :param more: further parameters of ``keystoneauth1.adapter.Adapter``, such as ``region_name``
        and ``interface``.
    """

    def __init__(
        self,
        session: Any,
        endpoint: str | None = None,
        *,
        retries: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        **more: Any,
    ) -> None:
        self._retries = retries
        self._sleep = sleep
        self._adapter = adapter.Adapter(
            session,
            service_type=SERVICE_TYPE,
            default_microversion=_MICROVERSION,
            endpoint_override=versioned(endpoint) if endpoint else None,
            **more,
        )

    def project_id(self) -> str | None:
        """The project that the session's token is for; None where no Keystone is used.

        :raises Unreachable: Keystone does not answer.
        """
        try:
            found: str | None = self._adapter.get_project_id()
        except ksa_exceptions.ClientException as error:
            raise _explained(error) from error
        return found

    def request(
        self,
        method: str,
        *segments: str,
        body: Any = None,
        query: dict[str, Any] | None = None,
        again_when_busy: bool = False,
        secret: bool = False,
    ) -> Any:
        """Make a call.

        :param segments: of the path below ``/v1``; they are quoted here.
        :param body: sent as JSON unless None.
        :param query: those that are None are left out.
        :param again_when_busy: repeat after 503, for requests that mean the same when repeated.
        :param secret: the body has something in it that no log may show.
        :returns: the decoded body of the answer.
        :raises RequestError: the service refuses; the class says how.
        :raises Unreachable: no answer came.
        """
        path = "/" + "/".join(quote(s, safe="") for s in segments)
        more: dict[str, Any] = {"connect_retries": self._retries if method in _REPEATABLE else 0}
        if again_when_busy:
            more |= {"status_code_retries": self._retries, "retriable_status_codes": _BUSY}
        if body is not None:
            more["json"] = body
        if secret:
            more["log"] = False
        more["params"] = {k: v for k, v in (query or {}).items() if v is not None}
        answer = self._send(path, method, more)
        for _ in range(_TURNS):
            if answer.status_code != _TOO_MANY:
                break
            self._sleep(_wait_of(answer))
            answer = self._send(path, method, more)
        return _checked(answer)

    def _send(self, path: str, method: str, more: dict[str, Any]) -> Any:
        try:
            return self._adapter.request(
                path, method, raise_exc=False, headers={"Accept": "application/json"}, **more
            )
        except ksa_exceptions.ClientException as error:
            raise _explained(error) from error


def _wait_of(answer: Any) -> float:
    """Seconds that ``Retry-After`` asks for, within reason."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 1.0


def _checked(answer: Any) -> Any:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code >= 400:
        raise _refusal(answer, body)
    if body is None:
        raise errors.RequestError(
            f"the answer is not JSON: {_cut(answer.text)!r}; is this the URL of the maintenance "
            f"service?",
            answer.status_code,
            answer.headers.get("X-OpenStack-Request-ID"),
        )
    return body


def _refusal(answer: Any, body: Any) -> errors.RequestError:
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    message = told.get("message") or _cut(answer.text) or answer.reason or "no reason was given"
    request_id = told.get("request_id") or answer.headers.get("X-OpenStack-Request-ID")
    return errors.of_status(answer.status_code)(str(message), answer.status_code, request_id)


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "..."


def _explained(error: Any) -> errors.ClientError:
    """What keystoneauth found, with what to do about it."""
    if isinstance(error, ksa_exceptions.EndpointNotFound | ksa_exceptions.CatalogException):
        return errors.Unreachable(
            f"Keystone's catalogue has no endpoint of service type {SERVICE_TYPE!r} for this "
            f"region and interface ({error}); create it, or name the service's URL"
        )
    if isinstance(error, ksa_exceptions.HttpError):
        kind = errors.of_status(error.http_status)
        return kind(f"Keystone: {error.message}", error.http_status, error.request_id)
    return errors.Unreachable(_POOL.sub(r": \1", str(error)))
