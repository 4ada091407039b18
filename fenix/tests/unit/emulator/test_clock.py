"""Model time and what happens in it."""

import threading

import testtools

from fenix.emulator import Cloud, ManualClock, ModelClock, Timings


class TestManualClock(testtools.TestCase):
    def setUp(self):
        super().setUp()
        self.clock = ManualClock()
        self.cloud = Cloud(self.clock)
        self.seen = []

    def note(self, what):
        self.cloud.agenda.after(what, lambda: self.seen.append((what, self.cloud.now)))

    def test_things_happen_in_order_each_at_its_own_time(self):
        for seconds in (5.0, 1.0, 3.0):
            self.note(seconds)
        self.clock.advance(4.0)
        self.assertEqual([(1.0, 1.0), (3.0, 3.0)], self.seen)
        self.assertEqual(5.0, self.cloud.next_event())
        self.clock.advance_to(100.0)
        self.assertEqual((5.0, 5.0), self.seen[-1])
        self.assertIsNone(self.cloud.next_event())

    def test_what_follows_from_what_happens_also_happens(self):
        self.cloud.agenda.after(1.0, lambda: self.note(1.5))
        self.clock.advance(10.0)
        self.assertEqual([(1.5, 2.5)], self.seen)

    def test_a_cancelled_appointment_does_not_happen(self):
        self.cloud.agenda.after(1.0, lambda: self.seen.append(1)).cancel()
        self.assertIsNone(self.cloud.next_event())
        self.clock.advance(10.0)
        self.assertEqual([], self.seen)

    def test_time_does_not_go_back(self):
        self.clock.advance(3.0)
        self.assertRaises(ValueError, self.clock.advance, -1.0)
        self.assertEqual(3.0, self.clock.advance_to(1.0))


class TestModelClock(testtools.TestCase):
    def test_things_happen_when_nobody_looks_and_the_thread_ends(self):
        cloud = Cloud(ModelClock(speed=1000.0))
        self.addCleanup(cloud.close)
        done = threading.Event()
        with cloud.at_rest():
            cloud.agenda.after(10.0, done.set)
        self.assertTrue(done.wait(10.0))
        names = {t.name for t in threading.enumerate() if t.is_alive()}
        with cloud.at_rest():
            cloud.agenda.after(0.0, lambda: None)
        self.assertLessEqual(len([n for n in names if n == "cloud-agenda"]), 1)

    def test_the_speed_can_change(self):
        clock = ModelClock(speed=1.0)
        clock.speed = 1e6
        before = clock.now()
        while clock.now() < before + 10.0:
            pass
        self.assertEqual(1e6, clock.speed)
        self.assertRaises(ValueError, setattr, clock, "speed", 0.0)
        self.assertRaises(ValueError, ModelClock, -1.0)


class TestTimings(testtools.TestCase):
    def test_a_distribution_is_drawn_with_the_seed(self):
        def drawn(seed):
            timings = Timings(live_migration=lambda r: r.uniform(5, 20), seed=seed)
            return [timings.draw("live_migration") for _ in range(5)]

        self.assertEqual(drawn(7), drawn(7))
        self.assertNotEqual(drawn(7), drawn(8))
        self.assertTrue(all(5 <= seconds <= 20 for seconds in drawn(7)))

    def test_instant_takes_no_time(self):
        timings = Timings.instant(spawn=3.0)
        self.assertEqual(0.0, timings.draw("live_migration"))
        self.assertEqual(3.0, timings.draw("spawn"))
        self.assertEqual(60.0, timings.service_down_time)
