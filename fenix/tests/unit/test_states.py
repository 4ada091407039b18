"""The state table."""

from __future__ import annotations

import testtools

from fenix import exceptions, states


class TableTest(testtools.TestCase):
    """What contract section 6 says, and what a table must be."""

    def test_the_moves_of_the_contract(self) -> None:
        allowed: dict[str, set[str]] = {}
        for (state, _event), target in states.TABLE.moves.items():
            allowed.setdefault(state, set()).add(target)
        failed = states.MAINTENANCE_FAILED
        self.assertEqual(
            {
                "MAINTENANCE": {"SCALE_IN", "PREPARE_MAINTENANCE", "START_MAINTENANCE", failed},
                "SCALE_IN": {"SCALE_IN", "PREPARE_MAINTENANCE", "START_MAINTENANCE", failed},
                "PREPARE_MAINTENANCE": {"START_MAINTENANCE", "SCALE_IN", failed},
                "START_MAINTENANCE": {"PLANNED_MAINTENANCE", "MAINTENANCE_COMPLETE", failed},
                "PLANNED_MAINTENANCE": {"START_MAINTENANCE", failed},
                "MAINTENANCE_COMPLETE": {"MAINTENANCE_DONE", failed},
            },
            allowed,
        )

    def test_a_move_that_is_not_in_the_table(self) -> None:
        error = self.assertRaises(
            exceptions.InternalError, states.TABLE.after, states.MAINTENANCE, "jump"
        )
        self.assertIn("'jump' in state 'MAINTENANCE'", str(error))

    def test_a_state_that_cannot_be_reached(self) -> None:
        error = self.assertRaises(
            ValueError, states.Table, {("LOST", "go"): "X", ("LOST", "fail"): "X"}
        )
        self.assertIn("LOST cannot be reached", str(error))

    def test_a_state_that_cannot_be_left(self) -> None:
        moves = {**states.TABLE.moves, (states.MAINTENANCE, "trap"): "TRAP"}
        error = self.assertRaises(ValueError, states.Table, moves)
        self.assertIn("TRAP has no move for fail", str(error))
        moves["TRAP", states.FAIL] = states.MAINTENANCE_FAILED
        error = self.assertRaises(ValueError, states.Table, moves)
        self.assertIn("TRAP cannot be left", str(error))

    def test_a_plugin_adds_states(self) -> None:
        table = states.TABLE.extended(
            {
                (states.MAINTENANCE, "back_up"): "BACKUP",
                ("BACKUP", "backed_up"): states.START_MAINTENANCE,
            }
        )
        self.assertEqual("BACKUP", table.after(states.MAINTENANCE, "back_up"))
        self.assertEqual(states.MAINTENANCE_FAILED, table.after("BACKUP", states.FAIL))
        self.assertIn("BACKUP", table.resumable)
        self.assertNotIn("BACKUP", states.TABLE.states)
