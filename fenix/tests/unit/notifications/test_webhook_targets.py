"""Who may be called, and who not, however they are named."""

from __future__ import annotations

from typing import Any

import testtools
from oslo_config import cfg

from fenix import conf as fenix_conf
from fenix import exceptions
from fenix.notifications.webhook.targets import Target, Targets

_NOT_PUBLIC = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::",
    "::1",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a01:203::1",
    "fe80::1%eth0",
)


class _Case(testtools.TestCase):
    def targets(self, addresses: list[str] | None = None, **options: Any) -> Targets:
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])
        for name, value in options.items():
            conf.set_override(name, value, "webhook")
        return Targets(conf, lambda _host, _port: list(addresses or []))


class UrlTest(_Case):
    """What is seen from the URL alone."""

    def test_parts(self) -> None:
        found = self.targets().target("https://VNFM.example.org./fenix?key=secret")
        self.assertEqual(Target("https", "vnfm.example.org", 443, "/fenix?key=secret"), found)
        self.assertEqual("https://vnfm.example.org:443", found.where)
        self.assertEqual(
            Target("https", "2606:4700::1111", 8443, "/"),
            self.targets().target("https://[2606:4700::1111]:8443"),
        )

    def test_what_is_no_url(self) -> None:
        for url in (
            "",
            "vnfm",
            "//vnfm.example.org/",
            "ftp://vnfm.example.org/",
            "file:///etc/passwd",
            "gopher://vnfm.example.org:8443/",
            "https:///x",
            "https://vnfm.example.org/#part",
            "https://user@vnfm.example.org/",
            "https://user:password@vnfm.example.org/",
            "https://vnfm.example.org:99999/",
            "https://vnfm.example.org/\r\nX-Header: 1",
            "https://vnfm.example.org/a b",
            "https://vnfm.example.org\\@10.0.0.1/",
            "https://[::1/",
            "https://ünf.example.org/",
            "https://vnfm.example.org/" + "x" * 1024,
        ):
            self.assertRaises(exceptions.BadRequest, self.targets().target, url)

    def test_what_is_not_allowed(self) -> None:
        for url in (
            "http://vnfm.example.org/",
            "https://vnfm.example.org:22/",
            *(f"https://[{a}]/" if ":" in a else f"https://{a}/" for a in _NOT_PUBLIC),
        ):
            self.assertRaises(exceptions.Unprocessable, self.targets().target, url)

    def test_http_where_it_is_allowed(self) -> None:
        targets = self.targets(allow_http=True, allowed_ports=["80"])
        self.assertEqual(80, targets.target("http://vnfm.example.org").port)

    def test_hosts(self) -> None:
        targets = self.targets(allowed_hosts=["*.vnf.example.org", "one.example.org"])
        for host in ("a.vnf.example.org", "A.B.VNF.example.org", "one.example.org"):
            targets.target(f"https://{host}/")
        for host in ("vnf.example.org.evil.org", "xvnf.example.org", "two.example.org"):
            self.assertRaises(exceptions.Unprocessable, targets.target, f"https://{host}/")
        nobody = self.targets(allowed_hosts=[])
        self.assertRaises(exceptions.Unprocessable, nobody.target, "https://one.example.org/")

    def test_options_that_cannot_be_read(self) -> None:
        for name, value in (("allowed_networks", ["10.0.0.1/8"]), ("allowed_ports", ["http"])):
            error = self.assertRaises(exceptions.Unavailable, self.targets, **{name: value})
            self.assertIn(f"[webhook] {name}", str(error))


class AddressesTest(_Case):
    """What a name leads to."""

    TARGET = Target("https", "vnfm.example.org", 443, "/")

    def test_public(self) -> None:
        found = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
        self.assertEqual(found, self.targets(found).addresses(self.TARGET))

    def test_special_ones_are_left_out(self) -> None:
        targets = self.targets([*_NOT_PUBLIC, "93.184.215.14"])
        self.assertEqual(["93.184.215.14"], targets.addresses(self.TARGET))

    def test_nothing_but_special_ones(self) -> None:
        error = self.assertRaises(
            exceptions.Undeliverable, self.targets(["10.0.0.7"]).addresses, self.TARGET
        )
        self.assertIn("vnfm.example.org has no address that may be called (10.0.0.7)", str(error))

    def test_a_network_that_is_allowed(self) -> None:
        targets = self.targets(
            ["10.20.0.1", "10.21.0.1", "::ffff:10.20.0.2", "fd00::1", "fd00:1::1"],
            allowed_networks=["10.20.0.0/16", "fd00:1::/32"],
        )
        self.assertEqual(
            ["10.20.0.1", "::ffff:10.20.0.2", "fd00:1::1"], targets.addresses(self.TARGET)
        )
        self.assertEqual("10.20.0.1", targets.target("https://10.20.0.1/").host)

    def test_a_name_that_is_not_found(self) -> None:
        conf = cfg.ConfigOpts()
        fenix_conf.load([], conf=conf, default_config_files=[])

        def lost(_host: str, _port: int) -> list[str]:
            raise OSError("Name or service not known")

        error = self.assertRaises(
            exceptions.Unavailable, Targets(conf, lost).addresses, self.TARGET
        )
        self.assertIn("https://vnfm.example.org:443: no address: Name or", str(error))
