"""Requests made from the API's description, some of which keep to it, by schemathesis."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import hypothesis
import schemathesis
import webob
from hypothesis import errors
from hypothesis import strategies as st
from schemathesis.generation.modes import GenerationMode
from werkzeug import test as werkzeug_test

from fenix.tests.functional import sample
from fenix.tests.fuzz.drawing import drawn
from fenix.tests.fuzz.judge import Judge
from fenix.tests.fuzz.target import Caller, Target

#: Ids with which something is found.
_KNOWN = {
    "session_id": [sample.ASKING, sample.EMPTYING, sample.PER_INSTANCE, sample.FAILED],
    "project_id": [sample.RED, sample.BLUE],
    "instance_id": [sample.RED_1, sample.RED_2, sample.RED_GONE, sample.BLUE_1],
    "group_id": ["group-1"],
}
#: What questions are open about.
_STATES = ["ACK_MAINTENANCE", "ACK_PLANNED_MAINTENANCE", "NACK_PLANNED_MAINTENANCE"]


def run(judge: Judge, target: Target, requests: int, seed: int) -> None:
    """Send about so many requests, spread over all operations."""
    described = webob.Request.blank("/v1/openapi.json").get_response(target.app).json
    schema = schemathesis.openapi.from_dict(described)
    found = [result.ok() for result in schema.get_all_operations()]
    each = max(1, requests // (len(found) * len(GenerationMode)))
    for operation in found:
        for mode in GenerationMode:
            strategy = operation.as_strategy(generation_mode=mode)
            # An operation without parameters cannot be called wrongly.
            with contextlib.suppress(errors.Unsatisfiable):
                _run(judge, target.callers, strategy, each, seed)


def _run(
    judge: Judge, callers: tuple[Caller, ...], strategy: Any, requests: int, seed: int
) -> None:
    @drawn(requests, seed)
    @hypothesis.given(strategy, st.sampled_from(callers), st.data())
    def send(case: Any, caller: Caller, data: Any) -> None:
        for name in case.path_parameters or {}:
            if data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(_KNOWN[name]))
        if isinstance(case.body, dict) and "state" in case.body and data.draw(st.booleans()):
            case.body["state"] = data.draw(st.sampled_from(_STATES))
        judge.request(_environ(case), caller)

    send()


def _environ(case: Any) -> dict[str, Any]:
    arguments = case.as_transport_kwargs()
    arguments.pop("cookies", None)
    url = arguments.pop("url", None)
    if url is not None:
        arguments["path"] = url
    if "params" in arguments:
        arguments["query_string"] = arguments.pop("params")
    if isinstance(arguments.get("json"), float | int | str | list | dict):
        arguments["data"] = json.dumps(arguments.pop("json"))
    made: dict[str, Any] = werkzeug_test.EnvironBuilder(**arguments).get_environ()
    return made
