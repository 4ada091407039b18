"""How the secrets of subscriptions stand in the database: encrypted, where there are keys."""

from __future__ import annotations

from cryptography import fernet
from oslo_config import cfg

from fenix import exceptions

_SEALED = "fernet:"
_PLAIN = "plain:"


class Secrets:
    """Encrypts and decrypts with the keys of ``[webhook] secret_keys``.

    :raises Unavailable: a key is none.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        try:
            keys = [fernet.Fernet(key) for key in conf.webhook.secret_keys]
        except ValueError as error:
            raise exceptions.Unavailable(f"[webhook] secret_keys: {error}") from None
        self._keys = fernet.MultiFernet(keys) if keys else None

    def seal(self, secret: str) -> str:
        """What is written to the database."""
        if self._keys is None:
            return _PLAIN + secret
        return _SEALED + self._keys.encrypt(secret.encode()).decode()

    def open(self, stored: str) -> str:
        """The secret again.

        :raises Unavailable: none of the keys decrypts it.
        """
        if stored.startswith(_PLAIN):
            return stored.removeprefix(_PLAIN)
        try:
            if self._keys is None:
                raise fernet.InvalidToken
            return self._keys.decrypt(stored.removeprefix(_SEALED)).decode()
        except fernet.InvalidToken:
            raise exceptions.Unavailable(
                "none of [webhook] secret_keys of this engine decrypts the subscription's secret: "
                "configure the same keys everywhere, or let the project register again"
            ) from None
