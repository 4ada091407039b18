"""How long a session stood still although an engine and all its neighbours were there."""

import threading
import time

_STEP = 0.2
#: A look that comes so late says that this process itself stood still.
_LATE = 0.5


class Standstill:
    """A thread that looks at the sessions' last steps between :meth:`start` and :meth:`stop`.

    The time counts anew whenever no engine or no API
    worked, a neighbour was away, a fault of the cloud was switched on, or a question is open that
    Fenix must not repeat (``waits``, asked when a session has stood still for a while).
    """

    def __init__(self, world, trouble, session_ids, waits):
        self._world = world
        self._trouble = trouble
        self._session_ids = session_ids
        self._waits = waits
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="standstill", daemon=True)
        self.longest = 0.0
        self.where = ""

    def start(self):
        """Begin."""
        self._thread.start()

    def stop(self):
        """End; ``longest`` and ``where`` are known then."""
        self._stopping.set()
        self._thread.join()

    def _run(self):
        known, since = {}, {}
        looked = time.monotonic()
        while not self._stopping.wait(_STEP):
            now = time.monotonic()
            stalled, looked = now - looked > _STEP + _LATE, now
            rows = None if self._is_excused() else self._world.rows(self._session_ids)
            if rows is None or stalled:
                since = dict.fromkeys(since, now)
                continue
            for row in rows:
                if row.state in ("MAINTENANCE_DONE", "MAINTENANCE_FAILED"):
                    since.pop(row.session_id, None)
                    continue
                step = (row.revision, row.event_id)
                if known.get(row.session_id) != step:
                    known[row.session_id], since[row.session_id] = step, now
                    continue
                stood = now - since.setdefault(row.session_id, now)
                if stood > self.longest:
                    if stood > 3 and self._waits(row.session_id):
                        since[row.session_id] = now
                        continue
                    self.longest, self.where = stood, f"{row.session_id} in {row.state}"

    def _is_excused(self):
        brood = self._world.brood
        return (
            self._trouble.neighbours_away
            or bool(self._world.cloud.faults.api)
            or not brood.those("engine")
            or not brood.those("api")
        )
