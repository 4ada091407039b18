"""Pictures of courses: the planner is run on a small cloud, and its timeline is drawn."""

from fenix.planner.model import Cloud, Item, Room, Size, Source, Times
from fenix.planner.plan import Options, plan

_ROW, _LEFT, _WIDTH, _TOP = 16, 84, 620, 20
_DRAIN, _WORK, _FIRST = "#d9a441", "#4a7fb5", "#b5504a"
TIMES = Times(move=20.0, host=600.0, answer=5.0, parallel_moves=4)


def example(hosts=10, capacity=10, used=8):
    """Equal hosts with equal instances."""
    sources = []
    for number in range(1, hosts + 1):
        name = f"compute-{number}"
        items = tuple(Item(f"{name}/{n}", Size(1, 1024, 10)) for n in range(used))
        free = capacity - used
        room = Room(name, Size(free, free * 1024, free * 10))
        sources.append(Source(name, items, room))
    return Cloud(tuple(sources))


def made(percent):
    """The plan of the example when so many instances may move twice."""
    return plan(example(), Options(percent), TIMES)


def words(percent):
    """The figures of that plan in a line."""
    found = made(percent)
    return (
        f"second_moves_percent = {percent}: {found.course.waves} waves (bound "
        f"{found.bounds.waves}), {found.course.moves} moves (bound {found.bounds.moves}), "
        f"{found.makespan / 60:.0f} min (bound {found.bounds.makespan / 60:.0f} min)"
    )


def svg(percent):
    """A row for each host in the order of the course; time goes to the right."""
    found = made(percent)
    turns = found.timeline.turns
    begin = min(t.drain_at for t in turns.values())
    end = max(t.done_at for t in turns.values())
    scale = _WIDTH / (end - begin)
    height = _TOP + _ROW * len(found.course.steps) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 10} {height}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{words(percent)}">',
        f'<text x="0" y="12">{words(percent)}</text>',
    ]
    for row, step in enumerate(found.course.steps):
        turn, y = turns[step.host], _TOP + row * _ROW
        parts.append(f'<text x="0" y="{y + 11}">{step.host}</text>')
        bars = [
            (turn.drain_at, turn.empty_at, _FIRST if step.first else _DRAIN),
            (turn.done_at - TIMES.host, turn.done_at, _WORK),
        ]
        for start, stop, colour in bars:
            x, width = _LEFT + (start - begin) * scale, max((stop - start) * scale, 1)
            parts.append(
                f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{_ROW - 4}" '
                f'fill="{colour}"/>'
            )
    y = height - 6
    legend = ((_FIRST, "emptied first"), (_DRAIN, "emptied"), (_WORK, "maintained"))
    for number, (colour, text) in enumerate(legend):
        x = _LEFT + number * 130
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="{y}">{text}</text>')
    return "".join([*parts, "</svg>"])
