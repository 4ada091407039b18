"""What a terminal shows, as an SVG file that is readable on light and on dark.

Rich draws it. The colours are changed so that each can be read on its paper; the file brings those
for both, and takes what the reader's system prefers. It loads nothing from elsewhere.
"""

from __future__ import annotations

import html
import io
import re

from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme

from fenix.view import contrast

# On light, on dark.
_PAPER = ("#ffffff", "#141b24")
_INK = ("#1c2733", "#e4e9ef")
_EDGE = ("#c3ccd6", "#3d4a5c")
#: The part of a bar that is not reached yet is no text: it stays in the background.
_REST = "#3a3a3a"
_RESTS = ("#d3dae2", "#3d4a5c")

_NAME = "screen"
_RULE = re.compile(rf"\.({_NAME}-r\d+) {{ fill: (#[0-9a-f]{{6}})")
_COLOUR = re.compile("#[0-9a-f]{6}")

_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {{width}} {{height}}" \
width="{{width}}" height="{{height}}">
<title>{title}</title>
<style>
.{{unique_id}}-matrix {{{{ font-family: DejaVu Sans Mono, Menlo, Consolas, monospace; \
font-size: {{char_height}}px; line-height: {{line_height}}px; }}}}
.{{unique_id}}-title {{{{ font-family: system-ui, DejaVu Sans, sans-serif; font-size: 17px; \
font-weight: bold; }}}}
{{styles}}
</style>
<defs>{{lines}}</defs>
<rect class="{{unique_id}}-paper" x="1" y="1" width="99.8%" height="99.7%" rx="8"/>
<text class="{{unique_id}}-title" x="{{terminal_x}}" y="27">{title}</text>
<g transform="translate({{terminal_x}}, {{terminal_y}})">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""


def svg(shown: RenderableType, width: int, title: str) -> str:
    """The text of a file.

    :param shown: for a terminal that is ``width`` characters wide.
    """
    console = Console(
        record=True,
        width=width,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
    )
    console.print(shown)
    form = _FORMAT.format(title=html.escape(title).replace("{", "{{").replace("}", "}}"))
    drawn = console.export_svg(theme=_theme(), code_format=form, unique_id=_NAME)
    found = sorted(set(_COLOUR.findall(drawn)))
    light, dark = ({colour: _for(which, colour) for colour in found} for which in (0, 1))
    rules = [
        f".{name} {{ fill: {dark[colour]}; }}" for name, colour in sorted(_RULE.findall(drawn))
    ]
    rules += [f'[fill="{light[colour]}"] {{ fill: {dark[colour]}; }}' for colour in found]
    drawn = _COLOUR.sub(lambda found: light[found[0]], drawn)
    night = f"@media (prefers-color-scheme: dark) {{\n{_frame(1)}{chr(10).join(rules)}\n}}\n"
    return drawn.replace("</style>", f"{_frame(0)}{night}</style>", 1)


def _theme() -> TerminalTheme:
    paper, ink = (
        (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))
        for text in (_PAPER[0], _INK[0])
    )
    # Fenix names none of the sixteen colours that terminals choose.
    return TerminalTheme(paper, ink, [ink] * 8)


def _for(which: int, colour: str) -> str:
    """A colour of the terminal as it is on light or on dark."""
    for pair, of in ((_PAPER, _PAPER[0]), (_INK, _INK[0]), (_RESTS, _REST)):
        if colour == of:
            return pair[which]
    return contrast.legible(colour, _PAPER[which], _INK[which])


def _frame(which: int) -> str:
    return (
        f".{_NAME}-paper {{ fill: {_PAPER[which]}; stroke: {_EDGE[which]}; }}\n"
        f".{_NAME}-title {{ fill: {_INK[which]}; }}\n"
    )
