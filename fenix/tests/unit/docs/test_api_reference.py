"""The API reference, as it is built, has every call and every field that is served."""

from __future__ import annotations

import html.parser
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

import yaml

from fenix.api import openapi
from fenix.api.controllers.root import Root
from fenix.tests.unit.docs.base import ROOT, DocsTestCase

_SOURCE = ROOT / "doc" / "api-ref" / "source"
_PAGES = ("sessions", "projects", "constraints", "subscriptions", "service")
#: A row of a table: name, where it stands.
_Rows = set[tuple[str, str]]


class _Read(html.parser.HTMLParser):
    """Tables of a page by what stands before them: a call's method and URL, or a title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, _Rows] = {}
        self.links: list[str] = []
        self._key, self._cells = "", [""]
        self._field, self._said = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = dict(attrs).get("class") or ""
        if tag == "span" and kind.startswith("badge"):
            self._field, self._said = "badge", ""
        elif tag == "div" and kind == "endpoint-url":
            self._field, self._said = "url", ""
        elif tag in ("h1", "h2"):
            self._field, self._said = "title", ""
        elif tag == "tr":
            self._cells = []
        elif tag == "td":
            self._cells.append("")
        elif tag == "a" and "internal" in kind:
            self.links.append(dict(attrs).get("href") or "")

    def handle_data(self, data: str) -> None:
        self._said += data
        if self._cells:
            self._cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if self._field == "badge" and tag == "span":
            self._field, self._key = "", self._said.strip()
        elif (self._field, tag) in (("url", "div"), ("title", "h1"), ("title", "h2")):
            said = self._said.strip().rstrip("¶")
            self._key = f"{self._key} {said}" if self._field == "url" else said
            self._field = ""
            self.tables.setdefault(self._key, set())
        elif tag == "tr" and len(self._cells) == 4:
            name, where, _, _ = (cell.strip() for cell in self._cells)
            self.tables[self._key].add((name.removesuffix(" (Optional)"), where))


class ApiReferenceTest(DocsTestCase):
    """Built with warnings as errors, then read as a browser gets it."""

    pages: dict[str, _Read]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if not _SOURCE.is_dir():
            return
        folder = tempfile.TemporaryDirectory(prefix="fenix-test-")
        cls.addClassCleanup(folder.cleanup)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"),
                *(str(_SOURCE), folder.name),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"the API reference cannot be built:\n{done.stderr}")
        cls.pages = {
            path.stem: _Read(path.read_text())
            for path in (pathlib.Path(folder.name) / "_generated").glob("*.html")
        }

    def setUp(self) -> None:
        super().setUp()
        self.document = openapi.document(Root(None), "http://controller:12347")  # type: ignore[arg-type]
        self.components = self.document["components"]["schemas"]

    def operations(self) -> dict[str, dict[str, Any]]:
        return {
            f"{verb.upper()} {path}": {**one, "shared": item.get("parameters", [])}
            for path, item in self.document["paths"].items()
            for verb, one in item.items()
            if verb != "parameters"
        }

    def test_every_call_with_every_parameter(self) -> None:
        documented: dict[str, _Rows] = {}
        for page in _PAGES:
            tables = self.pages[page].tables
            documented |= {key: rows for key, rows in tables.items() if "/" in key}
        operations = self.operations()
        self.assertEqual(operations.keys(), documented.keys())
        for key, operation in operations.items():
            with self.subTest(key):
                self.assertEqual(self.rows(operation), documented[key])

    def rows(self, operation: dict[str, Any]) -> _Rows:
        rows = set()
        for one in [*operation["shared"], *operation.get("parameters", [])]:
            found = self.document["components"]["parameters"]["version"] if "$ref" in one else one
            rows.add((found["name"], found["in"]))
        bodies = [operation["responses"]["200"], operation.get("requestBody")]
        for body in filter(None, bodies):
            schema = body["content"]["application/json"]["schema"]
            name = schema.get("$ref", "").rsplit("/", 1)[-1]
            rows |= {(f, "body") for f in fields(self.components.get(name, schema))}
        return rows

    def test_objects_inside_of_answers(self) -> None:
        page = self.pages["objects"]
        linked = {link.partition("#object-")[2] for p in self.pages.values() for link in p.links}
        titles = {name.lower(): name for name in page.tables if name in self.components}
        self.assertEqual({*linked, "error"} - {""}, titles.keys())
        for name in titles.values():
            expected = {(f, "body") for f in fields(self.components[name])}
            self.assertEqual(expected, page.tables[name], name)
        # What is inside of something that is shown is shown itself.
        inside = set()
        for operation in self.operations().values():
            inside |= named(operation["responses"]["200"], first=False)
        for name in inside:
            inside = inside | named(self.components[name])
        self.assertLessEqual({n for n in inside if n not in self.top()}, set(page.tables))

    def top(self) -> set[str]:
        """What calls answer, in their own tables."""
        schemas = [
            one["responses"]["200"]["content"]["application/json"]["schema"]
            for one in self.operations().values()
        ]
        return {s["$ref"].rsplit("/", 1)[-1] for s in schemas if "$ref" in s}

    def test_nothing_is_described_that_does_not_exist(self) -> None:
        described = yaml.safe_load((_SOURCE / "fields.yaml").read_text())
        inline = {one["operationId"]: one for one in self.operations().values()}
        for owner, texts in described.items():
            schema = self.components.get(owner)
            if schema is None:
                answer = inline[owner]["responses"]["200"]
                schema = answer["content"]["application/json"]["schema"]
            self.assertEqual(fields(schema), texts.keys(), owner)

    def test_a_call_has_its_example(self) -> None:
        text = (_SOURCE / "_generated" / "sessions.rst").read_text()
        _, _, creation = text.partition(".. rest_method:: POST /v1/maintenance\n")
        example = creation.partition(".. code-block:: json\n\n")[2].partition("\n\n")[0]
        self.assertIn("hosts", json.loads(example))


def fields(schema: dict[str, Any], before: str = "") -> set[str]:
    """Paths of all fields; where an object has a name, what is inside stands elsewhere."""
    found = set()
    for name, field in schema.get("properties", {}).items():
        path = before + name
        found.add(path)
        for one in [field, *field.get("anyOf", ())]:
            while one.get("type") == "array":
                one, path = one["items"], f"{path}[]"
                found |= {p for o in one.get("anyOf", ()) for p in fields(o, f"{path}.")}
            found |= fields(one, f"{path}.")
    return found


def named(schema: Any, *, first: bool = True) -> set[str]:
    """Names of objects in a schema; without the outermost, where that is one."""
    found = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(schema)))
    if first:
        return found
    outer = schema["content"]["application/json"]["schema"].get("$ref", "").rsplit("/", 1)[-1]
    return found - {outer}
