"""TLS to the neighbours: whether files can be read, and what a refused certificate calls for."""

from __future__ import annotations

import logging
import pathlib
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from keystoneauth1 import exceptions as ka_exc
from oslo_config import cfg

from fenix import exceptions

LOG = logging.getLogger(__name__)

#: OpenSSL's numbers (x509_vfy.h): not valid yet, expired; another host name, another address.
_BY_TIME = (9, 10)
_BY_NAME = (62, 64)


def check(conf: cfg.ConfigOpts, section: str) -> None:
    """Read the files that keystoneauth's session options of a section name, before they are used.

    :raises Unavailable: saying which option is wrong.
    """
    options = conf[section]
    if options.insecure:
        LOG.warning(
            "[%s] insecure is set: whoever is on the network can pose as Keystone and take the "
            "password of this section; set cafile instead",
            section,
        )
    name, value = "cafile", options.cafile
    try:
        context = ssl.create_default_context()
        # A folder is made by openssl rehash; nothing of it is read before it is needed.
        if value and not pathlib.Path(value).is_dir():
            context.load_verify_locations(value)
        name, value = "certfile", options.certfile
        if value:
            context.load_cert_chain(value, options.keyfile)
    except OSError as error:
        raise exceptions.Unavailable(f"[{section}] {name} = {value}: {error}") from None


def complaint(error: BaseException, option: str) -> str | None:
    """What an error says of the other side's certificate, and what is to be done about it.

    :param option: which names the authorities that are trusted, as ``[section] name``.
    :returns: None where the error has nothing to do with TLS.
    """
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {_where(error)} is not accepted: {cause.verify_message}; "
                f"{_remedy(cause.verify_code, option)}"
            )
        if isinstance(cause, ssl.SSLError):
            return (
                f"no TLS connection to {_where(error)}: {cause.reason or cause}; look whether "
                f"the port is one that speaks TLS"
            )
    return None


def _remedy(code: int, option: str) -> str:
    if code in _BY_TIME:
        return f"renew it, or set the clock of this machine ({option} is not the reason)"
    if code in _BY_NAME:
        return f"call the service by a name that is in the certificate ({option} is not the reason)"
    return f"let {option} name the file with the authority that has signed it"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        seen.append(found)
        yield found
        found = found.__cause__ or found.__context__


def _where(error: BaseException) -> str:
    """Who showed it, as far as requests tells; user and password of a URL stay out."""
    causes = list(_chain(error))
    for cause in causes:
        url = getattr(getattr(cause, "request", None), "url", None)
        if isinstance(url, str):
            parts = urlsplit(url)
            # keystoneauth looks which versions there are, then asks for a token.
            asked = parts.path.endswith("/auth/tokens")
            found = asked or any(isinstance(c, ka_exc.DiscoveryFailure) for c in causes)
            return f"{'Keystone at ' if found else ''}{parts.hostname}:{parts.port or 443}"
    return "the other side"
