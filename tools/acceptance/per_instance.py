"""The order of what is said in a session that asks about each instance by itself (``vnf``).

Hosts are worked on side by side, so there is no single order of all words. What the contract's
second sequence fixes is the order for each instance, for each host, and of what frames them.
"""

import ast

import recording

_ASKED = ("PREPARE_MAINTENANCE", "PLANNED_MAINTENANCE")
_DONE = "INSTANCE_ACTION_DONE"
_INSTANCE, _GROUP = "/instance/", "/instance_group/"


def faults(said, project, moves):
    """What is wrong with a recorded session; nothing when the list is empty.

    :param said: the recording, with the manager's constraints among it.
    :param moves: (instance, host it left) in shortened ids, from Nova, oldest first.
    """
    words = [_word(n, one, project) for n, one in enumerate(said)]
    words = [word for word in words if word is not None]
    return [
        *_frame(words),
        *_constraints(words),
        *_instances(words, moves),
        *_hosts(words, moves),
    ]


def _word(place, one, project):
    """(place, kind, what, state); ``?`` is asked or told, ``!`` answered, ``=`` a constraint."""
    if one["from"] == recording.FENIX and one["to"] == project:
        traits = {name: value for name, _type, value in _traits(one)}
        ids = traits["instance_ids"]
        about = ast.literal_eval(ids)[0] if ids.startswith("[") else project
        if about != project and not traits["reply_url"].endswith(f"/{about}"):
            return place, "?", about, f"{traits['state']} with a reply_url of another"
        return place, "?", about, traits["state"]
    if one["from"] == project:
        method, _, url = one["how"].partition(" ")
        if _INSTANCE in url or _GROUP in url:
            return place, "=", url.rpartition("/")[2], method
        return place, "!", url.rpartition("/")[2], one["body"]["state"]
    if one["how"] == "maintenance.host":
        return place, "host", one["body"]["host"], one["body"]["state"]
    return None


def _traits(one):
    return one["body"]["reason_data"]["event"]["traits"]


def _places(words, *like):
    """Places of the words that begin so; None stands for anything."""
    return [
        word[0]
        for word in words
        if all(want is None or want == got for want, got in zip(like, word[1:], strict=False))
    ]


def _frame(words):
    """MAINTENANCE first, MAINTENANCE_COMPLETE last, each answered before anything else is asked."""
    found = []
    talk = [word for word in words if word[1] in "?!"]
    for place, state in ((0, "MAINTENANCE"), (-2, "MAINTENANCE_COMPLETE")):
        pair = [(kind, what) for _, kind, _, what in talk[place : place + 2 or None]]
        if pair != [("?", state), ("!", f"ACK_{state}")]:
            found.append(f"{state} and its ACK are not where they belong: {pair}")
    scaled = [word for word in talk if word[3].endswith("SCALE_IN")]
    if [kind for _, kind, _, _ in scaled] != ["?", "!"] * (len(scaled) // 2) or not scaled:
        found.append(f"SCALE_IN is not asked and answered in turn: {scaled}")
    asked = [place for state in _ASKED for place in _places(words, "?", None, state)]
    if scaled and asked and min(asked) < scaled[-1][0]:
        found.append("an instance is asked about before the project has scaled in")
    return found


def _constraints(words):
    """They stand before the session; those of instances that go are deleted before the ACK."""
    found = []
    begin = min(_places(words, "?", None, "MAINTENANCE"), default=0)
    before = [word for word in words if word[1] == "=" and word[0] < begin]
    if not before:
        found.append("no constraint was set before the session")
    asked = max(_places(words, "?", None, "SCALE_IN"), default=0)
    agreed = max(_places(words, "!", None, "ACK_SCALE_IN"), default=0)
    deleted = _places(words, "=", None, "DELETE")
    if not deleted or not all(asked < place < agreed for place in deleted):
        found.append("constraints of removed instances are not deleted within SCALE_IN")
    complete = min(_places(words, "?", None, "MAINTENANCE_COMPLETE"), default=0)
    if not [place for place in _places(words, "=", None, "PUT") if place > complete]:
        found.append("new instances get no constraints at the end")
    return found


def _instances(words, moves):
    """Each move: asked about, agreed to, done, in that order, and as often as Nova moved."""
    found = []
    of = {}
    for _, kind, what, state in words:
        if kind in "?!" and state.split()[0].removeprefix("ACK_") in (*_ASKED, _DONE):
            of.setdefault(what, []).append(f"{kind} {state}")
    for instance in {instance for instance, _ in moves} | of.keys():
        told = of.get(instance, [])
        count = sum(1 for moved, _ in moves if moved == instance)
        states = [word[2:] for word in told[::3]]
        expected = [said for s in states for said in (f"? {s}", f"! ACK_{s}", f"? {_DONE}")]
        if told != expected or len(states) != count or not set(states) <= set(_ASKED):
            found.append(f"{instance}, moved {count} times: {told}")
    return found


def _hosts(words, moves):
    """A host is out only when its instances have left, and comes back once."""
    found = []
    hosts = {what for _, kind, what, _ in words if kind == "host"}
    turn = {}
    for instance, source in moves:
        ended = _places(words, "?", instance, _DONE)
        nth = turn[instance] = turn.get(instance, -1) + 1
        out = _places(words, "host", source, "IN_MAINTENANCE")
        if nth >= len(ended) or not out or ended[nth] > out[0]:
            found.append(f"{source} is out before {instance} has left it")
    for host in sorted(hosts):
        states = [state for _, kind, what, state in words if (kind, what) == ("host", host)]
        if states != ["IN_MAINTENANCE", "MAINTENANCE_COMPLETE"]:
            found.append(f"{host}: {states}")
    return found
