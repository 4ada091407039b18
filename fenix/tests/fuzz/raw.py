"""Requests that keep to nothing: any verb, path, query, header and body."""

from __future__ import annotations

import json
import string
from typing import Any

import hypothesis
import webob
from hypothesis import strategies as st

from fenix.tests.functional import sample
from fenix.tests.fuzz.drawing import drawn
from fenix.tests.fuzz.judge import Judge
from fenix.tests.fuzz.target import Caller

_SESSIONS = st.sampled_from(
    [sample.ASKING, sample.EMPTYING, sample.PER_INSTANCE, sample.FAILED, sample.UNKNOWN, "x"]
)
_PROJECTS = st.sampled_from([sample.RED, sample.BLUE, "detail", "events"])
_INSTANCES = st.sampled_from([sample.RED_1, sample.RED_GONE, sample.BLUE_1, "i"])
_SEGMENT = st.one_of(
    st.text(max_size=8),
    st.text(alphabet="%/\\.?#&=;:@\0\n ~_", max_size=6),
    st.sampled_from(["🔥", "Ä", "a ", "%F0%9F%94%A5"]),
    _SESSIONS,
    _PROJECTS,
)
_ROUTES = st.one_of(
    st.sampled_from([("v1", "maintenance"), (), ("v1",), ("healthcheck",)]),
    st.tuples(st.just("v1"), st.just("maintenance"), _SESSIONS),
    st.tuples(st.just("v1"), st.just("maintenance"), _SESSIONS, _PROJECTS),
    st.tuples(st.just("v1"), st.just("maintenance"), _SESSIONS, _PROJECTS, _INSTANCES),
    st.tuples(st.just("v1"), st.sampled_from(["instance", "instance_group"]), _INSTANCES),
    st.tuples(st.just("v1"), st.sampled_from(["instance", "instance_group"]), _SEGMENT),
    st.lists(_SEGMENT, max_size=5).map(tuple),
    st.lists(_SEGMENT, max_size=4).map(lambda more: ("v1", "maintenance", *more)),
)

_FIELDS = st.sampled_from(
    [
        *("hosts", "state", "maintenance_at", "workflow", "metadata", "download", "actions"),
        *("instance_actions", "instance_action", "instance_ids", "instance_id", "project_id"),
        *("group_id", "group_name", "instance_name", "max_interruption_time", "migration_type"),
        *("resource_mitigation", "lead_time", "recovery_time", "max_impacted_members"),
        *("max_instances_per_host", "anti_affinity_group", "plugin", "type", "order"),
        *(sample.RED_1, sample.RED_2),
    ]
)
_WORDS = st.sampled_from(
    [
        *("ACK_MAINTENANCE", "ACK_PLANNED_MAINTENANCE", "NACK_PLANNED_MAINTENANCE", "SCALE_IN"),
        *("MAINTENANCE", "MIGRATE", "OWN_ACTION", "TELEPORT", "2026-11-21 12:00:00", "60,"),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "default", sample.RED_1),
        *(sample.RED, "\0", "\ud800", "🔥"),
    ]
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(),
    st.text(max_size=20),
    st.text(min_size=60, max_size=70, alphabet=string.ascii_letters),
    _WORDS,
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(_FIELDS, st.text(max_size=8)), inner, max_size=5),
    ),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(_FIELDS, _VALUES, max_size=6)
_BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    _OBJECTS.map(lambda v: json.dumps(v).encode()),
    _VALUES.map(lambda v: json.dumps(v).encode()),
    _VALUES.map(lambda v: json.dumps(v, ensure_ascii=False).encode("utf-8", "surrogatepass")),
)
_METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "get", "X"])
_QUERIES = st.one_of(
    st.just(""),
    st.text(max_size=12),
    st.sampled_from(["_method=delete", "project_id=", "project_id=%ff", "a=1&a=2", "limit=x"]),
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["HTTP_X_PROJECT_ID", "HTTP_X_ROLES", "HTTP_ACCEPT", "CONTENT_TYPE", "HTTP_ORIGIN"]
    ),
    st.one_of(
        st.sampled_from(
            [
                *(sample.RED, "admin", "member", "reader", "text/html", "*/*", ";;", "x" * 70),
                *("application/json", "multipart/form-data", "application/x-www-form-urlencoded"),
            ]
        ),
        st.text(alphabet=[chr(c) for c in range(32, 256)], max_size=10),
    ),
    max_size=3,
)


#: Method, path segments, query, headers, body.
REQUESTS = st.tuples(_METHODS, _ROUTES, _QUERIES, _HEADERS, _BODIES)


def environ(
    method: str, segments: tuple[str, ...], query: str, headers: dict[str, str], body: bytes
) -> dict[str, Any]:
    """The WSGI environment of a request."""
    made: dict[str, Any] = webob.Request.blank("/", method=method, body=body).environ
    made["PATH_INFO"] = (
        ("/" + "/".join(segments)).encode("utf-8", "surrogatepass").decode("latin-1")
    )
    made["QUERY_STRING"] = query.encode("utf-8", "surrogatepass").decode("latin-1")
    made.update(headers)
    return made


def run(judge: Judge, callers: tuple[Caller, ...], requests: int, seed: int) -> None:
    """Send so many requests, each as somebody."""

    @drawn(requests, seed)
    @hypothesis.given(REQUESTS, st.sampled_from(callers))
    def send(request: Any, caller: Caller) -> None:
        judge.request(environ(*request), caller)

    send()
