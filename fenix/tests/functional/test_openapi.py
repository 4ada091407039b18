"""The description of the API: valid, complete, and what is served."""

from __future__ import annotations

import importlib
import pkgutil

import openapi_spec_validator

from fenix import policy
from fenix.api import auth, controllers, openapi
from fenix.api.controllers.root import Root
from fenix.api.resource import VERBS, Resource
from fenix.tests import base
from fenix.tests.functional import sample


def _kinds(kind: type[Resource]) -> set[type[Resource]]:
    return {kind}.union(*(_kinds(k) for k in kind.__subclasses__()))


class OpenApiTest(base.ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        response = self.call("GET", "/v1/openapi.json")
        self.assertEqual(200, response.status_int)
        self.document = response.json

    def test_it_is_valid(self) -> None:
        self.assertEqual("3.1.0", self.document["openapi"])
        openapi_spec_validator.validate(self.document)

    def test_every_resource_can_be_reached(self) -> None:
        for module in pkgutil.iter_modules(controllers.__path__):
            importlib.import_module(f"{controllers.__name__}.{module.name}")
        root = Root(None)  # type: ignore[arg-type]
        walked = {type(resource) for _, resource in openapi.walk(root)}
        for kind in _kinds(Resource):
            ours = kind.__module__.startswith(controllers.__name__)
            if ours and any(hasattr(kind, v.lower()) for v in VERBS):
                self.assertIn(kind, walked, f"no children() leads to {kind}")
            self.assertIs(Resource.child, kind.child, f"{kind}: override children(), not child()")

    def test_every_verb_says_what_it_answers(self) -> None:
        root = Root(None)  # type: ignore[arg-type]
        known = {name for rule in policy.list_rules() for name in [rule.name]}
        for path, resource in openapi.walk(root):
            for name, operation, words in openapi.operations(resource):
                with self.subTest(f"{name} {path}"):
                    self.assertTrue(words)
                    # Of whoever reads the code.
                    self.assertNotRegex(words, ":(raises|param|returns)")
                    self.assertIsNotNone(operation.answer)
                    self.assertEqual(path in auth.PUBLIC_PATHS, not operation.rules)
                    self.assertLessEqual({*operation.rules}, known)

    def test_it_is_what_is_served(self) -> None:
        names = {
            "{session_id}": sample.UNKNOWN,
            "{project_id}": sample.RED,
            "{instance_id}": sample.RED_1,
            "{group_id}": "g",
        }
        for path, item in self.document["paths"].items():
            concrete = path
            for name, value in names.items():
                concrete = concrete.replace(name, value)
            self.assertNotIn("{", concrete, f"give an example of what {path} needs")
            for name in VERBS:
                response = self.call(name, concrete, b"[" if name in ("PUT", "POST") else None)
                with self.subTest(f"{name} {path}"):
                    # 405 is what a verb that does not apply gets, and nothing else.
                    self.assertEqual(name.lower() not in item, response.status_int == 405)
                    self.assertNotIn("nothing lies at", response.text)

    def test_what_a_call_needs(self) -> None:
        put = self.document["paths"]["/v1/maintenance/{session_id}"]["put"]
        self.assertEqual(["session:continue", "session:control"], put["x-policy"])
        self.assertFalse(put["requestBody"]["required"])
        self.assertIn("409", put["responses"])
        self.assertIn(
            {"$ref": "#/components/parameters/version"},
            put["parameters"],
        )
        reply = self.document["components"]["schemas"]["Reply"]
        self.assertEqual("^N?ACK_[A-Z][A-Z0-9_]*$", reply["properties"]["state"]["pattern"])
        self.assertEqual(
            {"token": []}, {k: v for s in self.document["security"] for k, v in s.items()}
        )
        self.assertEqual([], self.document["paths"]["/healthcheck"]["get"]["security"])


class PublicTest(base.ApiTestCase):
    sections = {
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": {"delay_auth_decision": "true"},
    }

    def test_it_needs_no_token(self) -> None:
        for path in ("/v1/openapi.json", "/v1/openapi.json/"):
            self.assertEqual(200, self.call("GET", path).status_int)
