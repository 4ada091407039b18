"""The admin session with which every port talks to OpenStack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import requests
import tenacity
from keystoneauth1 import exceptions as ka_exc
from keystoneauth1 import loading
from keystoneauth1 import session as ka_session
from keystoneauth1.adapter import Adapter
from novaclient import exceptions as nova_exc
from oslo_config import cfg

from fenix import exceptions, logs, tls
from fenix.cloud import bounded
from fenix.conf.service_auth import GROUP

R = TypeVar("R")

_READ_TRIES = 3


class ServiceAuth:
    """``[service_auth]``, loaded: one keystoneauth session for a process."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._group = conf[GROUP]
        auth = loading.load_auth_from_conf_options(conf, GROUP)
        self.session: ka_session.Session = loading.load_session_from_conf_options(
            conf, GROUP, auth=auth
        )
        group = self._group
        # Every thread that works on a session or a host may talk to the same service.
        bounded.bound(
            self.session.session,
            group.answer_timeout,
            group.max_answer_size,
            connections=2 * conf.engine.pool_size,
        )
        self._auth = auth

    @property
    def region(self) -> str | None:
        """``region_name`` of the section."""
        region: str | None = self._group.region_name
        return region

    @property
    def interface(self) -> str:
        """The first of ``valid_interfaces``, or ``interface``, or ``public``."""
        valid = self._group.valid_interfaces
        return str(valid[0] if valid else self._group.interface or "public")

    def adapter(self, service_type: str, **more: Any) -> Adapter:
        """A REST client of one service."""
        return Adapter(
            session=self.session,
            service_type=service_type,
            region_name=self.region,
            interface=self.interface,
            connect_retries=self._group.connect_retries_total,
            raise_exc=True,
            **more,
        )

    def adapter_of(self, section: str) -> Adapter:
        """A REST client of the service that a section with adapter options names.

        What the section leaves unset is as in ``[service_auth]``.
        """
        group = self._conf[section]
        interface = (group.valid_interfaces or [self.interface])[0]
        return Adapter(
            session=self.session,
            service_type=group.service_type,
            service_name=group.service_name,
            region_name=group.region_name or self.region,
            interface=interface,
            endpoint_override=group.endpoint_override,
            connect_retries=self._group.connect_retries_total,
            raise_exc=True,
        )

    def project_id(self) -> str:
        """Id of the project that the user works in."""
        return str(guarded("Keystone", lambda: self.session.get_project_id(self._auth)))


def guarded(what: str, call: Callable[[], R]) -> R:
    """Run a call to the cloud and turn its errors into those of the service.

    :param what: whom was asked for what, for the message.
    :raises CloudNotFound: 404. :raises CloudBusy: 409.
    :raises CloudRefused: any other 4xx; repeating it does not help.
    :raises CloudUntrusted: its certificate is refused.
    :raises CloudError: no answer, 5xx, or an answer that cannot be read.
    """
    try:
        return call()
    except (nova_exc.ClientException, ka_exc.HttpError) as error:
        raise _by_code(what, error) from error
    except (ka_exc.ClientException, requests.RequestException, OSError) as error:
        untrusted = tls.complaint(error, f"[{GROUP}] cafile")
        if untrusted:
            raise exceptions.CloudUntrusted(f"{what}: {untrusted}") from error
        words = logs.without_userinfo(str(error))
        raise exceptions.CloudError(f"{what}: {words}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise exceptions.CloudError(
            f"{what}: the answer cannot be read ({type(error).__name__}: {error})"
        ) from error


def deployed(http: Adapter) -> bool:
    """Whether Keystone's catalogue has the service of a REST client.

    :raises CloudError: Keystone does not answer.
    """

    def look() -> bool:
        try:
            return http.get_endpoint() is not None
        except ka_exc.EndpointNotFound:
            return False

    return read(f"Keystone: endpoint of {http.service_type}", look)


def _by_code(what: str, error: Any) -> exceptions.CloudError:
    code = getattr(error, "code", None) or getattr(error, "http_status", None)
    message = f"{what}: {logs.without_userinfo(str(error))}"
    if code == 404:
        return exceptions.CloudNotFound(message)
    if code == 409:
        return exceptions.CloudBusy(message)
    if isinstance(code, int) and 400 <= code < 500 and code not in (401, 408, 429):
        return exceptions.CloudRefused(message)
    return exceptions.CloudError(message)


def _worth_another_try(error: BaseException) -> bool:
    return type(error) is exceptions.CloudError


def read(what: str, call: Callable[[], R]) -> R:
    """:func:`guarded` for calls that change nothing: tried again a few times at once."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_worth_another_try),
        stop=tenacity.stop_after_attempt(_READ_TRIES),
        wait=tenacity.wait_exponential(multiplier=0.2, max=2),
        reraise=True,
    )(guarded, what, call)
