"""The carrier of webhooks: looks a project's subscription up, signs, and calls."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import ssl

from oslo_config import cfg

from fenix import exceptions, timing, version
from fenix.db import records, subscriptions
from fenix.db.api import Database
from fenix.notifications.carrier import Carrier
from fenix.notifications.webhook import call
from fenix.notifications.webhook.body import body
from fenix.notifications.webhook.secrets import Secrets
from fenix.notifications.webhook.targets import Targets

WEBHOOK = records.WEBHOOK
SIGNATURE = "X-Fenix-Signature"
#: A single failure is nothing that an administrator has to know of.
_WARN_AFTER = 3
#: Looking a name up takes so long at most, on a machine that is set up as usual.
_LOOK_UP = 5.0


def signature(secret: str, moment: int, content: bytes) -> str:
    """The header: HMAC-SHA256 over the time (seconds since 1970), a dot, and the body."""
    signed = hmac.new(secret.encode(), b"%d.%s" % (moment, content), hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"


def check(conf: cfg.ConfigOpts) -> ssl.SSLContext:
    """Make sure, before a service starts, that ``[webhook]`` can be read.

    :returns: what certificates of managers are checked with.
    :raises Unavailable: saying which option is wrong.
    """
    Targets(conf)
    Secrets(conf)
    try:
        return ssl.create_default_context(cafile=conf.webhook.ca_file)
    except OSError as error:
        raise exceptions.Unavailable(
            f"[webhook] ca_file = {conf.webhook.ca_file}: {error}"
        ) from None


class Caller:
    """Delivers rows of the outbox whose ``channel`` is a project with a subscription.

    :raises Unavailable: ``[webhook]`` cannot be read.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        database: Database,
        clock: timing.Clock,
        targets: Targets | None = None,
    ) -> None:
        self._options = conf.webhook
        self._database = database
        self._clock = clock
        self._targets = targets or Targets(conf)
        self._secrets = Secrets(conf)
        self._context = check(conf)

    def carrier(self) -> Carrier:
        """How the outbox uses it."""
        return Carrier(
            name=WEBHOOK,
            deliver=self.deliver,
            pause=self._options.retry_interval,
            time_limit=self._options.timeout + _LOOK_UP,
            give_up=self._options.give_up,
            parallel=self._options.parallel,
            warn_after=_WARN_AFTER,
            trying=f"it is tried again until it is {self._options.give_up:.0f} s old ([webhook] "
            f"give_up); look at the manager, or let its project register another URL",
        )

    def deliver(self, row: records.Outgoing) -> None:
        """Call the manager of the row's project, as it is registered now.

        :raises Unavailable: it did not take it.
        :raises Unsure: it may have.
        :raises Undeliverable: it is registered no more, or may not be called.
        """
        found = subscriptions.get(self._database, row.channel)
        if found is None:
            raise exceptions.Undeliverable("the project has no subscription any more")
        try:
            target = self._targets.target(found.url)
        except (exceptions.BadRequest, exceptions.Unprocessable) as error:
            raise exceptions.Undeliverable(str(error)) from None
        content = body(row)
        now = self._clock.now().replace(tzinfo=datetime.UTC)
        headers = {
            "Content-Type": "application/json",
            "Connection": "close",
            "User-Agent": f"fenix/{version.__version__}",
            SIGNATURE: signature(self._secrets.open(found.secret), int(now.timestamp()), content),
        }
        call.post(
            target,
            self._targets.addresses(target),
            content,
            headers,
            context=self._context,
            connect_timeout=self._options.connect_timeout,
            timeout=self._options.timeout,
        )
