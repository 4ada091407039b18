"""``[webhook]``: calling the managers that projects have registered themselves."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "webhook"

OPTS = [
    cfg.ListOpt(
        "allowed_hosts",
        default=["*"],
        help="Host names and addresses that a project may register, with wildcards as of a shell. "
        "Empty: none, so there are no webhooks.",
    ),
    cfg.ListOpt(
        "allowed_networks",
        default=[],
        help="Networks that are called although their addresses are not public, such as "
        "10.20.0.0/16 where managers live. Private, loopback, link-local and other special "
        "addresses outside them are never called, whatever name leads there. List no network in "
        "which services trust their callers by address.",
    ),
    cfg.ListOpt(
        "allowed_ports",
        default=["443", "1024-65535"],
        help="Ports, and ranges of ports, that may be called.",
    ),
    cfg.BoolOpt(
        "allow_http",
        default=False,
        help="Allow http:// beside https://. Whoever sits on the way can then read what projects "
        "are told; the signature still shows whether it was changed.",
    ),
    cfg.StrOpt(
        "ca_file",
        help="File of certificates that managers' certificates are checked against; unset: those "
        "of the machine.",
    ),
    cfg.FloatOpt(
        "connect_timeout", default=3.0, min=0.1, help="Seconds to connect to one address."
    ),
    cfg.FloatOpt(
        "timeout",
        default=10.0,
        min=0.2,
        help="Seconds of a whole call, from connecting to the first line of the answer and its "
        "headers; the rest of the answer is not read.",
    ),
    cfg.FloatOpt(
        "retry_interval",
        default=1.0,
        min=0.05,
        help="Seconds before the second try; doubled with each more, up to half a minute.",
    ),
    cfg.FloatOpt(
        "give_up",
        default=300.0,
        min=0.0,
        help="Seconds after which a notification that could not be delivered is a dead letter. "
        "The time to answer a question begins when it is delivered, so a session waits so long "
        "for a manager that cannot be reached.",
    ),
    cfg.IntOpt(
        "parallel",
        default=8,
        min=2,
        help="Projects that one engine calls at the same time.",
    ),
    cfg.ListOpt(
        "secret_keys",
        default=[],
        secret=True,
        help="Keys that encrypt the secrets of subscriptions in the database, each made with "
        "'python3 -c \"from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())\"'. The first encrypts, all decrypt: to change "
        "it, put the new one in front. The same in API and engines. Empty: secrets stand in the "
        "database as they were sent.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS
