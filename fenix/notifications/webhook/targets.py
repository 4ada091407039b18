"""Which URLs may be called: projects name them, so they must lead to nobody but managers.

A name is resolved for each call and the addresses found are those that are called, so that a name
that changes its address in between (DNS rebinding) leads nowhere else.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from oslo_config import cfg

from fenix import exceptions

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 1024

_PORTS = {"https": 443, "http": 80}
#: What a URL consists of; spaces, control characters and quotes are refused, not mended.
_PRINTABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
#: IPv4 inside of IPv6 by NAT64; other kinds Python knows itself.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL that may be called; ``where`` is what may be shown in logs."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def where(self) -> str:
        """Scheme, host and port: path and query may hold what is nobody else's business."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Targets:
    """The allow-list of ``[webhook]``.

    :param resolve: name and port -> addresses; raises ``OSError``.
    :raises Unavailable: an option cannot be read.
    """

    def __init__(
        self, conf: cfg.ConfigOpts, resolve: Callable[[str, int], list[str]] = _resolve
    ) -> None:
        options = conf.webhook
        self._schemes = ("https", "http") if options.allow_http else ("https",)
        self._hosts = [h.lower() for h in options.allowed_hosts]
        self._networks = [_network(text) for text in options.allowed_networks]
        self._ports = [_range(text) for text in options.allowed_ports]
        self._resolve = resolve

    def target(self, url: str) -> Target:
        """The parts of a URL, held against what needs no look-up of its name.

        :raises BadRequest: it is no URL.
        :raises Unprocessable: the configuration does not allow it.
        """
        if len(url) > LONGEST or not _PRINTABLE.fullmatch(url, re.I):
            raise _no_url(f"not a URL of up to {LONGEST} printable ASCII characters")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _no_url(str(error)) from None
        if parts.username is not None or parts.password is not None:
            raise _no_url("a user or a password in the URL is not sent; leave it out")
        if parts.fragment or not parts.hostname or parts.scheme not in _PORTS:
            raise _no_url("not an absolute http or https URL without a fragment")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        found = Target(
            parts.scheme,
            parts.hostname.rstrip(".").lower(),
            _PORTS[parts.scheme] if port is None else port,
            path,
        )
        self._demand(found)
        return found

    def _demand(self, target: Target) -> None:
        if target.scheme not in self._schemes:
            raise _not_allowed("http is not allowed here ([webhook] allow_http); send an https URL")
        if not any(low <= target.port <= high for low, high in self._ports):
            raise _not_allowed(
                f"port {target.port} is not in [webhook] allowed_ports of this service; use "
                f"another port, or ask its administrator"
            )
        if not any(fnmatch.fnmatchcase(target.host, pattern) for pattern in self._hosts):
            raise _not_allowed(
                f"host {target.host} is not in [webhook] allowed_hosts of this service; ask its "
                f"administrator"
            )
        literal = _literal(target.host)
        if literal is not None and not self._may_call(literal):
            raise _not_allowed(_special(target.host, [target.host]))

    def addresses(self, target: Target) -> list[str]:
        """The addresses of a target that may be called; its name is looked up now.

        :raises Unavailable: the name cannot be looked up just now.
        :raises Undeliverable: none of its addresses may be called.
        """
        try:
            found = self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise exceptions.Unavailable(f"{target.where}: no address: {error}") from None
        allowed = [a for a in found if (known := _literal(a)) and self._may_call(known)]
        if not allowed:
            raise exceptions.Undeliverable(_special(target.host, found))
        return allowed

    def _may_call(self, address: _Address) -> bool:
        return all(
            any(one in network for network in self._networks if network.version == one.version)
            or _public(one)
            for one in _meant(address)
        )


def _no_url(why: str) -> exceptions.BadRequest:
    return exceptions.BadRequest(f"url: {why}; send one such as https://vnfm.example.org/fenix")


def _not_allowed(why: str) -> exceptions.Unprocessable:
    return exceptions.Unprocessable(f"url: {why}")


def _special(host: str, found: Iterable[str]) -> str:
    return (
        f"host {host} has no address that may be called ({', '.join(found)}): neither public nor "
        f"in [webhook] allowed_networks of this service; ask its administrator"
    )


def _literal(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _meant(address: _Address) -> list[_Address]:
    """Where packets to an address end: the IPv4 address that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.scope_id is not None:
        address = ipaddress.IPv6Address(int(address))
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    inside: list[_Address] = [address]
    if address.sixtofour is not None:
        inside.append(address.sixtofour)
    if address.teredo is not None:
        inside.extend(address.teredo)
    return inside


def _public(address: _Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise exceptions.Unavailable(f"[webhook] allowed_networks: {error}") from None


def _range(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise exceptions.Unavailable(
            f"[webhook] allowed_ports: {text!r} is neither a port nor a range such as 8000-8999"
        )
    low = int(found[1])
    return low, int(found[2] or low)
