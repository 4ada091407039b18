"""``[api]``: how clients reach the service."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = "api"

OPTS = [
    cfg.HostAddressOpt("host", default="127.0.0.1", help="Address that fenix-api binds."),
    cfg.PortOpt("port", default=12347, help="Port that fenix-api binds."),
    cfg.URIOpt(
        "public_endpoint",
        schemes=["http", "https"],
        help="URL that clients are told (in reply_url, instance_ids and links), for example "
        "https://cloud.example.org:12347. Never derived from the address that is bound. Unset: "
        "http://127.0.0.1 with the port, which only serves managers on the same machine.",
    ),
    cfg.IntOpt("workers", default=1, min=1, help="Processes that serve requests."),
    cfg.IntOpt(
        "threads", default=10, min=1, max=1000, help="Requests that one process serves at once."
    ),
    cfg.StrOpt(
        "auth_strategy",
        default="keystone",
        choices=[
            ("keystone", "every request carries a token that keystonemiddleware validates"),
            (
                "noauth",
                "the caller is admin unless the headers X-Project-Id and X-Roles say "
                "otherwise; fenix-api then refuses to bind anything but loopback",
            ),
        ],
        help="How callers are authenticated.",
    ),
    cfg.IntOpt(
        "rpc_timeout",
        default=60,
        min=1,
        help="Seconds that an admin command waits for an engine before it is answered 503.",
    ),
    cfg.IntOpt(
        "max_request_body_size",
        default=1048576,
        min=1024,
        help="Bytes of a request body; a longer one is answered 413.",
    ),
    cfg.IntOpt(
        "max_json_depth",
        default=20,
        min=2,
        max=100,
        help="Nesting of a request body; a deeper one is answered 400.",
    ),
    cfg.IntOpt(
        "project_writes_per_minute",
        default=6000,
        min=0,
        help="Writes (replies, constraints, subscriptions) of one project that one process of "
        "fenix-api takes in a minute, and at once after a minute without any; more are answered "
        "429 with Retry-After, and nothing is done. Whoever policy limits:exempt names, by default "
        "administrators, is not counted. 0: no limit. Each worker counts for itself.",
    ),
    cfg.StrOpt("ssl_cert_file", help="Certificate for TLS; served in the clear when unset."),
    cfg.StrOpt("ssl_key_file", help="Private key of ssl_cert_file."),
    cfg.StrOpt(
        "ssl_client_ca_file",
        help="Authorities of the certificates that clients must have; unset: they need none. Meant "
        "for a proxy before the service, beside the tokens of callers.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the options of this section."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[Any]:
    """The options of this section."""
    return OPTS


def public_endpoint(conf: cfg.ConfigOpts) -> str:
    """The URL that clients are told, without a trailing slash and without ``/v1``."""
    url = conf.api.public_endpoint or f"http://127.0.0.1:{conf.api.port}"
    return str(url).rstrip("/").removesuffix("/v1")
