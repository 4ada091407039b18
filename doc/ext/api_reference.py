"""Pages of the API reference, for the directives of os-api-ref, from the OpenAPI document.

``operations.yaml`` beside them says which operation stands where, ``fields.yaml`` what each field
means; examples are the bodies of doc/source/api.rst that fit.
"""

import json
import pathlib
import re

import jsonschema
import yaml
from os_api_ref import HTTPResponseCodeDirective

_DOC = pathlib.Path(__file__).resolve().parents[1]
SOURCE = _DOC / "api-ref" / "source"
MADE = "_generated"
_ENDPOINT = "http://controller:12347"
_SECTIONS = ("header", "path", "query", "body")


def served():
    """The document that the API answers."""
    from fenix.api import openapi
    from fenix.api.controllers.root import Root

    return openapi.document(Root(None), _ENDPOINT)


def pages(document, operations, fields, manual):
    """Text of each file by its name.

    :param operations: what operations.yaml holds.
    :param fields: what fields.yaml holds.
    :param manual: text of the page with examples.
    """
    return _Reference(document, fields, manual).files(operations)


def resolved(document, schema):
    """The schema that a reference means, with its name; any other one with None."""
    if "$ref" not in schema:
        return None, schema
    name = schema["$ref"].rsplit("/", 1)[-1]
    return name, document["components"]["schemas"][name]


def walk(document, schema, before=""):
    """(path, schema, whether it is always there) of each field; objects with a name end it."""
    for name, field in schema.get("properties", {}).items():
        yield before + name, field, name in schema.get("required", ())
        yield from _inside(document, field, before + name)


def named_inside(schema):
    """Names of the objects that a schema refers to."""
    return re.findall(r"#/components/schemas/(\w+)", json.dumps(schema))


def _inside(document, field, path):
    if field.get("type") == "array":
        yield from _inside(document, field["items"], path + "[]")
    for one in field.get("anyOf", ()):
        yield from _inside(document, one, path)
    if "properties" in field:
        yield from walk(document, field, path + ".")


def _type(field):
    if "$ref" in field:
        return "object"
    if "anyOf" in field:
        kinds = dict.fromkeys(_type(one) for one in field["anyOf"])
        return " or ".join(kinds)
    if "enum" in field or "const" in field:
        return "string"
    kinds = field.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


class _Reference:
    def __init__(self, document, fields, manual):
        self._document, self._fields = document, fields
        self._parameters, self._codes = {}, {}
        self._examples = _Examples(document, manual)

    def files(self, operations):
        by_id = {
            operation["operationId"]: (verb.upper(), path, item, operation)
            for path, item in self._document["paths"].items()
            for verb, operation in item.items()
            if verb != "parameters"
        }
        made = {}
        for page, told in operations.items():
            parts = [".. rest_expand_all::\n", _title(told["title"], "="), told["about"] + "\n"]
            for name, title in told["operations"].items():
                parts.append(self._operation(title, *by_id[name]))
            made[f"{page}.rst"] = "\n".join(parts)
        made["objects.rst"] = self._objects(by_id)
        made["parameters.yaml"] = self._parameters_file()
        made["status.yaml"] = yaml.safe_dump(self._codes)
        return made

    def _operation(self, title, verb, path, item, operation):
        parts = [_title(title, "-"), f".. rest_method:: {verb} {path}\n"]
        parts.append(operation.get("description", operation["summary"]).rstrip(".") + ".\n")
        rules = " or ".join(f"``{rule}``" for rule in operation.get("x-policy", ()))
        parts.append(f"Policy: {rules}.\n" if rules else "Needs no token.\n")
        parts.append(self._status(operation["responses"]))
        parts.append(self._request(verb, path, item, operation))
        parts.append(self._response(verb, path, operation))
        return "\n".join(parts)

    def _status(self, responses):
        for code, response in responses.items():
            words = "Done."
            if "$ref" in response:
                name = response["$ref"].rsplit("/", 1)[-1]
                words = self._document["components"]["responses"][name]["description"]
                words = words.partition(": ")[2].rstrip(".") + "."
            self._codes[int(code)] = {"default": words}
        good = [code for code in responses if code < "400"]
        bad = [code for code in responses if code >= "400"]
        parts = [_title("Response codes", "~")]
        for kind, codes in (("success", good), ("error", bad)):
            lines = "\n".join(f"   - {code}" for code in codes)
            parts.append(f".. rest_status_code:: {kind} status.yaml\n\n{lines}\n")
        return "\n".join(parts)

    def _request(self, verb, path, item, operation):
        rows = []
        for one in [*item.get("parameters", ()), *operation.get("parameters", ())]:
            if "$ref" in one:
                one = self._document["components"]["parameters"][one["$ref"].rsplit("/", 1)[-1]]
            owner = operation["operationId"] if one["in"] == "query" else "any"
            required = one.get("required", False)
            rows.append(
                self._row(
                    one["in"], owner, one["name"], one["schema"], required, one["description"]
                )
            )
        body = operation.get("requestBody")
        if body is not None:
            schema = body["content"]["application/json"]["schema"]
            rows += self._body(operation["operationId"], schema)
        parts = [_title("Request", "~"), _table(rows) if rows else "It takes no parameters.\n"]
        if body is not None:
            parts.append(self._examples.text(verb, path, schema))
        return "\n".join(parts)

    def _response(self, verb, path, operation):
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        rows = self._body(operation["operationId"], schema)
        parts = [_title("Response", "~")]
        parts.append(_table(rows) if rows else "The body is ``{}``.\n")
        if rows:
            parts.append(self._examples.text(verb, path, schema))
        return "\n".join(parts)

    def _body(self, operation_id, schema):
        name, actual = resolved(self._document, schema)
        return self._rows(name or operation_id, actual)

    def _rows(self, owner, schema):
        found = []
        for path, field, required in walk(self._document, schema):
            words = self._fields[owner][path]
            links = [f":ref:`{n} <object-{n.lower()}>`" for n in named_inside(field)]
            if links and not any(p.startswith((f"{path}.", f"{path}[]")) for p, *_ in found):
                words = f"{words.rstrip('.')}: {', '.join(dict.fromkeys(links))}."
            found.append((path, field, required, words))
        return [self._row("body", owner, *one) for one in found]

    def _row(self, where, owner, name, field, required, words):
        key = f"{where}_{owner}_{name}".lower()
        values = field.get("enum")
        if values:
            words = f"{words.rstrip('.')}: {', '.join(f'``{v}``' for v in values)}."
        self._parameters[key] = {
            "in": where,
            "type": _type(field),
            "required": bool(required),
            "description": words,
        }
        return name, key

    def _objects(self, by_id):
        """Objects inside of others, and the error."""
        used = {"Error"}
        for *_, operation in by_id.values():
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            used |= set(named_inside(resolved(self._document, answer)[1]))
        more = set(used)
        while more:
            inside = {
                name
                for one in more
                for name in named_inside(self._document["components"]["schemas"][one])
            }
            more = inside - used
            used |= more
        parts = [
            _title("Objects", "="),
            "What stands inside of answers. ``Error`` is the body of every refusal.\n",
        ]
        for name in sorted(used):
            schema = self._document["components"]["schemas"][name]
            parts += [f".. _object-{name.lower()}:\n", _title(name, "-")]
            parts.append(_table(self._rows(name, schema)))
        return "\n".join(parts)

    def _parameters_file(self):
        ordered = sorted(
            self._parameters.items(), key=lambda p: (_SECTIONS.index(p[1]["in"]), p[0].lower())
        )
        return "".join(yaml.safe_dump({key: value}, width=1000) for key, value in ordered)


class _Examples:
    """Bodies in the manual's page of the API."""

    def __init__(self, document, manual):
        self._document = document
        parts = re.split(r"^(.+)\n[-=]{4,}\n", manual, flags=re.MULTILINE)
        self._sections = list(zip(parts[1::2], parts[2::2], strict=True))

    def text(self, verb, path, schema):
        found = self._fitting(verb, path, schema)
        if found is None:
            return ""
        indented = re.sub("^", "   ", found, flags=re.MULTILINE)
        return f"**Example**\n\n.. code-block:: json\n\n{indented}\n"

    def _fitting(self, verb, path, schema):
        _, actual = resolved(self._document, schema)
        checked = {**actual, "components": self._document["components"]}
        for title, text in self._sections:
            if title != f"{verb} {path}" and (" /v1" in title or f"``{path}``" not in text):
                continue
            for block in re.findall(r"^\.\. code-block:: json\n\n((?:   .*\n|\n)+)", text, re.M):
                value = json.loads(block)
                if value.keys() <= actual.get("properties", {}).keys():
                    jsonschema.validate(value, checked)
                    return re.sub("^   ", "", block, flags=re.MULTILINE).strip()
        return None


def _title(text, line):
    return f"{text}\n{line * len(text)}\n"


def _table(rows):
    lines = "\n".join(f"   - {json.dumps(name)}: {key}" for name, key in rows)
    return f".. rest_parameters:: parameters.yaml\n\n{lines}\n"


def _make(app):
    folder = pathlib.Path(app.srcdir) / MADE
    folder.mkdir(exist_ok=True)
    operations, fields = (
        yaml.safe_load((SOURCE / name).read_text()) for name in ("operations.yaml", "fields.yaml")
    )
    manual = (_DOC / "source" / "api.rst").read_text()
    for name, text in pages(served(), operations, fields, manual).items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def _forget_path(app, *_):
    """os-api-ref remembers those of the last call of whichever page it read."""
    app.env.path_params = []


def setup(app):
    # Of the contract; no list of codes has it.
    HTTPResponseCodeDirective.CODES[509] = "Session Limit Reached"
    app.connect("builder-inited", _make)
    app.connect("source-read", _forget_path)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
