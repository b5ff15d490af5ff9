#!/usr/bin/env python3
"""Tests of comparison.py, goals.py, and diff."""

import importlib.machinery
import importlib.util
import pathlib
import unittest

import comparison
import goals

_LOADER = importlib.machinery.SourceFileLoader("diff", str(pathlib.Path(__file__).resolve().parent / "diff"))
diff = importlib.util.module_from_spec(importlib.util.spec_from_loader("diff", _LOADER))
_LOADER.exec_module(diff)


def run(less_is_better=True, **medians):
    return {
        "results": {
            name: {"unit": "us", "less_is_better": less_is_better, "median": value, "p90": value * 2}
            for name, value in medians.items()
        }
    }


def variant(less_is_better=True, **rounds):
    """A variant whose metrics had these medians in its rounds."""
    count = max(len(values) for values in rounds.values())
    return comparison.summarize_rounds(
        [run(less_is_better, **{name: values[i] for name, values in rounds.items()}) for i in range(count)]
    )


def result(**variants):
    return {"variants": variants}


class SummaryTest(unittest.TestCase):
    def test_median_and_extremes_are_of_the_rounds(self):
        metric = variant(read=[5, 1, 3])["metrics"]["read"]
        self.assertEqual((metric["median"], metric["low"], metric["high"], metric["p90"]), (3, 1, 5, 6))
        self.assertAlmostEqual(comparison.spread(metric), 4 / 3)

    def test_a_round_without_the_metric_does_not_count(self):
        summary = comparison.summarize_rounds([run(read=4), {"failed": {"small": "no"}}, run(read=6)])
        self.assertEqual(summary["metrics"]["read"]["rounds"], [4, 6])
        self.assertEqual(summary["failed"], {"small": "no"})

    def test_a_ratio_above_one_is_dearer_for_times_and_rates(self):
        self.assertEqual(
            comparison.cost_ratio(variant(t=[6])["metrics"]["t"], variant(t=[3])["metrics"]["t"]), 2
        )
        slow = variant(less_is_better=False, r=[2])["metrics"]["r"]
        fast = variant(less_is_better=False, r=[8])["metrics"]["r"]
        self.assertEqual(comparison.cost_ratio(slow, fast), 4)

    def test_a_slow_down_is_never_below_one(self):
        self.assertEqual(comparison.beyond_slow_down(6, 2), 3)
        self.assertEqual(comparison.beyond_slow_down(1.5, 0.5), 1.5)

    def test_the_table_has_every_metric_and_the_ratio(self):
        table = comparison.variants_table(
            {"native": variant(read=[10]), "shm": variant(read=[15], extra=[1])}
        )
        self.assertIn("1.50", table)
        self.assertIn("extra", table)


class GoalsTest(unittest.TestCase):
    def check(self, unified=False, **ours):
        variants = {
            "native": variant(read_4b=[20], pipelined_call=[0.2], read_64mib=[12]),
            "mpi-shm": variant(round_trip_8b=[1], one_way_1mib=[8], one_way_64mib=[3]),
            "shm": variant(**ours),
        }
        variants["native"]["device"] = {"unified_memory": unified}
        found = goals.check(variants, "shm", "mpi-shm")
        return {(metric, what): (bound, met) for metric, _, bound, met, what in found}

    def test_latency_is_native_plus_round_trip_plus_eight(self):
        self.assertEqual(self.check(read_4b=[29]), {("read_4b", "native + round trip + 8 us"): (29, True)})
        self.assertEqual(self.check(read_4b=[29.1]), {("read_4b", "native + round trip + 8 us"): (29, False)})

    def test_unified_memory_is_held_to_native(self):
        expected = {("read_4b", "native (unified memory)"): (20, False)}
        self.assertEqual(self.check(unified=True, read_4b=[21]), expected)

    def test_bandwidth_is_held_to_the_slower_of_native_and_the_best_of_mpi(self):
        found = self.check(read_64mib=[7.3])
        self.assertTrue(found[("read_64mib", "90 % of native or MPI")][1])
        self.assertAlmostEqual(found[("read_64mib", "90 % of native or MPI")][0], 7.2)

    def test_what_was_not_measured_has_no_goal(self):
        self.assertEqual(self.check(kernel_finish=[1]), {})


class DiffTest(unittest.TestCase):
    def verdicts(self, before, after):
        return {change[1]: change[-1] for change in diff.changes(result(shm=before), result(shm=after), 5)}

    def test_rounds_that_do_not_overlap_count(self):
        self.assertEqual(
            self.verdicts(variant(read=[10, 11, 12]), variant(read=[20, 21, 22])), {"read": "worse"}
        )
        self.assertEqual(
            self.verdicts(variant(read=[20, 21, 22]), variant(read=[10, 11, 12])), {"read": "better"}
        )

    def test_rounds_that_overlap_do_not(self):
        self.assertEqual(self.verdicts(variant(read=[10, 20, 30]), variant(read=[25, 26, 27])), {"read": ""})

    def test_small_changes_do_not(self):
        self.assertEqual(self.verdicts(variant(read=[100]), variant(read=[104])), {"read": ""})

    def test_a_rate_that_grows_is_better(self):
        self.assertEqual(
            self.verdicts(variant(less_is_better=False, rate=[5]), variant(less_is_better=False, rate=[9])),
            {"rate": "better"},
        )

    def test_metrics_that_come_and_go_are_named(self):
        before = result(shm=variant(read=[1]))
        after = result(shm=variant(write=[1]))
        self.assertEqual(diff.only_in(before, after), ["shm read"])
        self.assertEqual(diff.only_in(before, result(native=variant(read=[1]))), ["shm"])
        self.assertEqual(diff.changes(before, after, 5), [])


if __name__ == "__main__":
    unittest.main()
