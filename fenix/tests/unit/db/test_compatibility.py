"""What a migration may do to a schema that the previous release still works on."""

import unittest

import sqlalchemy as sa

from fenix.db import compatibility


def _schema(*columns, name="rows", **more):
    made = sa.MetaData()
    sa.Table(
        name,
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        *(c for c in columns if not isinstance(c, sa.Index)),
        *(c for c in columns if isinstance(c, sa.Index)),
        **more,
    )
    return made


class ObjectionsTest(unittest.TestCase):
    def said(self, after, **more):
        before = _schema(sa.Column("text", sa.String(32)))
        return "; ".join(compatibility.objections(before, after, **more))

    def test_expanding(self):
        grown = _schema(
            sa.Column("text", sa.String(64)),
            sa.Column("more", sa.Integer),
            sa.Column("kind", sa.String(8), nullable=False, server_default="a"),
            sa.Index("quick", "text"),
        )
        sa.Table("others", grown, sa.Column("id", sa.Integer, primary_key=True))
        self.assertEqual("", self.said(grown))

    def test_a_table_or_column_that_is_gone(self):
        self.assertIn("rows is gone", self.said(_schema(name="lines")))
        self.assertIn("rows.text is gone", self.said(_schema()))
        renamed = _schema(sa.Column("words", sa.String(32)))
        self.assertIn("rows.text is gone", self.said(renamed))

    def test_what_the_previous_release_has_retired(self):
        self.assertEqual("", self.said(_schema(), retired={"rows.text"}))
        self.assertEqual("", self.said(_schema(name="lines"), retired={"rows"}))

    def test_a_column_that_old_code_does_not_fill(self):
        new = _schema(sa.Column("text", sa.String(32)), sa.Column("n", sa.Integer, nullable=False))
        self.assertIn("rows.n is new, takes no NULL", self.said(new))

    def test_stricter_columns(self):
        strict = _schema(sa.Column("text", sa.String(32), nullable=False))
        self.assertIn("takes no NULL any more", self.said(strict))
        self.assertIn("it was", self.said(_schema(sa.Column("text", sa.String(16)))))
        self.assertIn("it was", self.said(_schema(sa.Column("text", sa.Integer))))

    def test_a_rule_that_old_rows_may_break(self):
        unique = _schema(sa.Column("text", sa.String(32)), sa.Index("one", "text", unique=True))
        self.assertIn("text must not repeat any more", self.said(unique))


if __name__ == "__main__":
    unittest.main()
