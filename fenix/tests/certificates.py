"""Certificates of authorities that only a test knows."""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import pathlib
import tempfile
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fenix.emulator.serve import Tls

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates for servers; ``path`` is its own."""

    def __init__(self, case: Any, name: str = "authority") -> None:
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        case.addCleanup(folder.cleanup)
        self._folder = pathlib.Path(folder.name)
        self._count = itertools.count()
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = self._folder / "ca.pem"
        made = self._certificate(self._name, self._key, _now() - _DAY)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self._write(self.path, made.add_extension(constraints, critical=True))

    def issue(self, *names: str, expired: bool = False) -> Tls:
        """The files of a server with these names and addresses; 127.0.0.1 unless others are."""
        key = ec.generate_private_key(ec.SECP256R1())
        begin = _now() - (30 * _DAY if expired else _DAY)
        made = self._certificate(_name("server"), key, begin)
        alternatives = x509.SubjectAlternativeName([_general(n) for n in names or ("127.0.0.1",)])
        found = self._folder / f"{next(self._count)}.pem"
        self._write(found, made.add_extension(alternatives, critical=False))
        keyed = found.with_suffix(".key")
        keyed.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Tls(found, keyed, self.path)

    def _certificate(self, subject: x509.Name, key: Any, begin: datetime.datetime) -> Any:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + 7 * _DAY)
        )

    def _write(self, path: pathlib.Path, made: Any) -> None:
        signed = made.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
