"""Whatever comes in: what reads it returns what it promises, or refuses in words."""

from __future__ import annotations

import datetime
import json
import re
import unittest
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import strategies as st

from fenix import exceptions, timing
from fenix.api import (
    intake,
    json_body,
    matching,
    microversion,
    paging,
    session_ids,
    validation,
)
from fenix.api.controllers import constraints, limits, projects, sessions
from fenix.client import webhook
from fenix.client.errors import DecodeError
from fenix.db import records
from fenix.db.replies import View

_MANY = hypothesis.settings(
    max_examples=300,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
#: Deeper than Python recurses; written when they are used, or a failure would print them.
_DEEP = st.sampled_from([21, 999, 10_000, 200_000]).map(lambda n: b"[" * n + b"]" * n)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("60,")
)


def _values(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        _SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.one_of(st.sampled_from(keys), st.text(max_size=8)), inner, max_size=5
            ),
        ),
        max_leaves=10,
    )


class ParsersTest(unittest.TestCase):
    def refused_or(
        self,
        read: Callable[[], Any],
        kinds: tuple[type[Exception], ...] = (exceptions.BadRequest, exceptions.Unprocessable),
    ) -> Any:
        """What a reader returns; None when it refuses in words."""
        try:
            return read()
        except kinds as error:
            self.assertTrue(str(error))
            return None

    @_MANY
    @hypothesis.given(
        st.one_of(
            st.text(max_size=40),
            st.datetimes(timezones=st.timezones() | st.none()).map(str),
            st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,Z+-]{5,20}", fullmatch=True),
        )
    )
    def test_times(self, text: str) -> None:
        found = self.refused_or(lambda: limits.time(text, "maintenance_at"))
        if found is not None:
            self.assertEqual(found, timing.wire(timing.parse(found)))
            self.assertLess(abs(timing.parse(text) - timing.parse(found)).total_seconds(), 1)

    @_MANY
    @hypothesis.given(
        st.one_of(
            st.binary(max_size=60),
            _DEEP,
            _values(["a"]).map(lambda v: json.dumps(v).encode()),
            st.text(max_size=60).map(lambda t: t.encode("utf-8", "surrogatepass")),
        )
    )
    def test_bodies(self, raw: bytes) -> None:
        found = self.refused_or(lambda: json_body.parse(raw, 20))
        if found is not None:
            # It can be written where it is kept: as UTF-8, without NaN.
            written = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
            self.assertNotIn(b"\\u0000", written)
            self.assertEqual(found, json_body.parse(written, 20))

    @_MANY
    @hypothesis.given(
        _values(["state", "instance_actions", "instance_action", "hosts", "lead_time", "group_id"]),
        st.sampled_from(
            [
                projects.REPLY,
                sessions.CREATE,
                sessions.CONTROL,
                constraints.INSTANCE.schema,
                constraints.GROUP.schema,
            ]
        ),
    )
    def test_schemas(self, value: Any, schema: validation.Schema) -> None:
        self.refused_or(lambda: validation.check(value, schema))

    @_MANY
    @hypothesis.given(
        st.dictionaries(
            st.sampled_from(["limit", "marker", "state"]),
            st.one_of(st.text(max_size=25), st.integers().map(str), st.just("٣"), st.just("1\n")),
        )
    )
    def test_paging(self, query: dict[str, str]) -> None:
        limit = self.refused_or(lambda: paging.limit(query))
        self.assertIn(limit, [None, *range(1, paging.MOST + 1)])
        marker = self.refused_or(lambda: paging.event_marker(query))
        if marker is not None:
            self.assertLess(marker, 2**63)
        state = self.refused_or(lambda: paging.state(query))
        self.assertTrue(state is None or state.isascii())

    @_MANY
    @hypothesis.given(st.text(max_size=40))
    def test_session_ids(self, text: str) -> None:
        self.refused_or(lambda: session_ids.checked(text), (exceptions.NotFound,))

    @_MANY
    @hypothesis.given(
        st.one_of(
            st.text(max_size=30),
            st.from_regex(r"(maintenance|compute) ?[0-9.latest]{0,9}(, ?x 1)?", fullmatch=True),
        )
    )
    def test_versions(self, text: str) -> None:
        refusals = (exceptions.BadRequest, exceptions.NotAcceptable)
        found = self.refused_or(lambda: microversion.chosen(text), refusals)
        self.assertIn(found, [None, microversion.HIGHEST])

    @_MANY
    @hypothesis.given(st.text(max_size=30), st.text(max_size=30))
    def test_paths_and_queries(self, path: str, query: str) -> None:
        wire = path.encode("utf-8", "surrogatepass").decode("latin-1")
        found = self.refused_or(lambda: intake._path(wire))
        self.assertTrue(found is None or found.isprintable())
        fields = self.refused_or(lambda: intake._query(query))
        self.assertTrue(fields is None or not any("\0" in k + v for k, v in fields.items()))


_IDS = ["i-1", "i-2", "i-3", "i-gone"]
_STATES = ["MAINTENANCE", "PLANNED_MAINTENANCE", "SCALE_IN"]
_AT = datetime.datetime(2026, 11, 21, 12, 0, 0)


@st.composite
def _waits(draw: Any) -> records.Wait:
    ids = draw(st.lists(st.sampled_from(_IDS), unique=True))
    alone = draw(st.booleans()) and ids
    return records.Wait(
        session_id="s",
        project_id="p",
        state=draw(st.sampled_from(_STATES)),
        opened_at=_AT,
        reply_at=_AT,
        actions_at=_AT,
        instance_id=ids[0] if alone else None,
        instance_ids=ids[:1] if alone else ids,
        allowed_actions=draw(st.lists(st.sampled_from(projects.ACTIONS), unique=True)),
        reply=draw(st.sampled_from([None, "ACK_MAINTENANCE"])),
        reply_actions=draw(
            st.dictionaries(st.sampled_from(_IDS), st.sampled_from(projects.ACTIONS), max_size=2)
        ),
    )


_VIEWS = st.lists(_waits(), max_size=4).map(
    lambda waits: View(
        records.Session("s", "default", "MAINTENANCE", _AT, _AT),
        waits,
        [records.Instance("s", i, i, "p", "ACTIVE", host="h", gone=i == "i-gone") for i in _IDS],
        frozenset({"h"}),
    )
)
_REPLIES = st.fixed_dictionaries(
    {
        "state": st.builds(
            lambda kind, state: f"{kind}_{state}",
            st.sampled_from(["ACK", "NACK"]),
            st.sampled_from([*_STATES, "INSTANCE_ACTION_DONE"]),
        )
    },
    optional={
        "instance_actions": st.none()
        | st.dictionaries(
            st.sampled_from([*_IDS, "foreign"]),
            st.sampled_from([*projects.ACTIONS, "TELEPORT"]),
        ),
        "instance_action": st.none() | st.sampled_from([*projects.ACTIONS, "TELEPORT"]),
    },
)


class RepliesTest(unittest.TestCase):
    """A reply answers open questions of its state only, with actions that were offered."""

    @_MANY
    @hypothesis.given(_VIEWS, _REPLIES, st.none() | st.sampled_from([*_IDS, "foreign"]))
    def test_matching(self, view: View, body: dict[str, Any], instance_id: str | None) -> None:
        try:
            reply = projects._reply(body)
            if instance_id is None:
                answers = matching.for_project(view, reply)
            else:
                answers = matching.for_instance(view, instance_id, reply)
        except (exceptions.NotFound, exceptions.Unprocessable) as error:
            self.assertTrue(str(error))
            return
        self.assertTrue(answers or matching.why_not(view, reply))
        for answer in answers:
            wait = answer.wait
            self.assertIsNone(wait.reply)
            self.assertEqual(reply.state, wait.state)
            self.assertNotIn("foreign", answer.actions)
            for instance, action in answer.actions.items():
                offered = [*wait.allowed_actions, ""]  # empty: as the engine chooses
                kept = wait.reply_actions.get(instance)
                self.assertTrue(action in offered or action == kept, (answer, reply))
            if reply.refused:
                self.assertEqual({}, answer.actions)


_TRAITS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("session_id", "project_id", "state", "host", "percent_done", "instance_ids"),
                *("reply_url", "allowed_actions", "reply_at", "actions_at", "metadata"),
            ]
        ),
        st.integers(1, 4),
        st.one_of(
            _SCALARS,
            st.sampled_from(["inf", "1e400", "['a']", "{'a': 1}", "[" * 5000, "(" * 90, "[u'a']"]),
        ),
    ),
    max_size=12,
)
_EVENTS = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(
            [*webhook.PLANNED, webhook.HOST, webhook.SESSION, "compute.instance.update"]
        ),
        "traits": st.one_of(_TRAITS, _values(["a"])),
    }
).map(lambda event: {"reason_data": {"event": event}})


class WebhooksTest(unittest.TestCase):
    @_MANY
    @hypothesis.given(
        st.one_of(
            _EVENTS,
            _EVENTS.map(lambda v: json.dumps(v).encode()),
            st.binary(max_size=60),
            _DEEP,
            _values(["reason_data", "event", "traits"]).map(lambda v: json.dumps(v)),
        )
    )
    def test_any_body(self, body: Any) -> None:
        try:
            event = webhook.decode(body)
        except DecodeError as error:
            self.assertRegex(str(error), re.compile("."))
        else:
            self.assertIsInstance(event, webhook.Event)
