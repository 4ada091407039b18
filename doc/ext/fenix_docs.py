"""Sphinx directives that take pages' contents from the code.

``fenix-state-picture`` and ``fenix-state-table`` show :data:`fenix.states.TABLE`; ``fenix-layers``
shows the layers of ``.importlinter``, ``fenix-conversation`` a recorded session in doc/;
``fenix-course-picture`` plans a small cloud and draws that; ``fenix-sequence`` draws who says what.
"""

import pathlib

import course_picture
import from_code
import sequence_picture
from docutils import nodes
from docutils.parsers.rst import Directive

from fenix import states

_ROOT = pathlib.Path(__file__).resolve().parents[2]


class StatePicture(Directive):
    def run(self):
        drawn = from_code.svg(states.TABLE, states.MAINTENANCE_FAILED, states.INITIAL)
        return [nodes.raw("", drawn, format="html")]


class StateTable(Directive):
    def run(self):
        heads = ("in state", "event", "which means", "goes to")
        table = nodes.table(classes=["fenix-state-table"])
        group = nodes.tgroup(cols=len(heads))
        table += group
        for width in (24, 16, 40, 24):
            group += nodes.colspec(colwidth=width)
        head, body = nodes.thead(), nodes.tbody()
        group += head
        group += body
        head += _row([nodes.Text(text) for text in heads])
        for state, event, meaning, after in from_code.rows(states.TABLE):
            body += _row([_code(state), _code(event), nodes.Text(meaning), _code(after)])
        return [table]


class Layers(Directive):
    def run(self):
        text = "\n".join(from_code.layers(_ROOT / ".importlinter"))
        return [nodes.literal_block(text, text, language="text")]


class Conversation(Directive):
    required_arguments = 1

    def run(self):
        shown = []
        for headline, body in from_code.conversation(_ROOT / "doc" / self.arguments[0]):
            shown.append(nodes.paragraph("", "", nodes.strong("", headline)))
            shown.append(nodes.literal_block(body, body, language="json"))
        return shown


class CoursePicture(Directive):
    """The argument is a value of ``second_moves_percent``."""

    required_arguments = 1

    def run(self):
        percent = int(self.arguments[0])
        text = course_picture.words(percent)
        return [
            nodes.raw("", course_picture.svg(percent), format="html"),
            nodes.raw("", text, format="text"),
        ]


class Sequence(Directive):
    """The argument is a workflow."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        return [
            nodes.raw("", sequence_picture.svg(name), format="html"),
            nodes.raw("", sequence_picture.words(name), format="text"),
        ]


def _row(cells):
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += nodes.paragraph("", "", cell)
        row += entry
    return row


def _code(text):
    return nodes.literal(text, text)


def setup(app):
    app.add_directive("fenix-state-picture", StatePicture)
    app.add_directive("fenix-state-table", StateTable)
    app.add_directive("fenix-layers", Layers)
    app.add_directive("fenix-conversation", Conversation)
    app.add_directive("fenix-course-picture", CoursePicture)
    app.add_directive("fenix-sequence", Sequence)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
