"""Tests of how entries are divided over processes."""

import math
import threading
import unittest

from conformance import execute, shards


class SplitTest(unittest.TestCase):

    def testNothingIsDividedForOneJob(self):
        self.assertEqual(shards.LongestShard([1000.0], 1), math.inf)
        self.assertEqual(shards.Split(["a", "b"], {"a": 500.0, "b": 900.0}, math.inf), [["a", "b"]])

    def testEachSubtestOnceAndInOrder(self):
        names = [f"t{i}" for i in range(20)]
        parts = shards.Split(names, {name: 10.0 for name in names}, 50.0)
        self.assertEqual(len(parts), 4)
        self.assertEqual(sorted(name for part in parts for name in part), sorted(names))
        for part in parts:
            self.assertEqual(part, [name for name in names if name in part])
            self.assertEqual(len(part), 5)

    def testALongSubtestIsAlone(self):
        seconds = {"long": 100.0, "a": 5.0, "b": 5.0, "c": 5.0}
        parts = shards.Split(["a", "long", "b", "c"], seconds, 60.0)
        self.assertIn(["long"], parts)
        self.assertIn(["a", "b", "c"], parts)

    def testManyThatTakeNoTimeShareAProcess(self):
        names = [f"t{i}" for i in range(50)]
        self.assertEqual(len(shards.Split(names, {name: 0.0 for name in names}, 10.0)), 1)

    def testUnknownTimesAreAssumed(self):
        names = [f"t{i}" for i in range(10)]
        self.assertEqual(len(shards.Split(names, {}, 25.0)), 2)
        self.assertEqual(shards.LongestShard([None] * 64, 4), 20.0)

    def testNoMoreShardsThanSubtests(self):
        self.assertEqual(shards.Split(["a"], {"a": 100.0}, 10.0), [["a"]])
        self.assertEqual(shards.LongestShard([], 8), 10.0)


class CoresTest(unittest.TestCase):

    def testDisjointSetsAreLent(self):
        cores = shards.Cores({0, 1, 2, 3, 4}, 2)
        with cores.Lend() as first, cores.Lend() as second:
            self.assertEqual((first, second), (("taskset", "--cpu-list", "0,1"), ("taskset", "--cpu-list", "2,3")))
            waiting = threading.Thread(target=lambda: cores.Lend().__enter__(), daemon=True)
            waiting.start()
            waiting.join(0.2)
            self.assertTrue(waiting.is_alive(), "a third set of two was made out of five cores")

    def testNobodyIsConfinedUnlessAsked(self):
        with shards.Cores({0}, 0).Lend() as prefix:
            self.assertEqual(prefix, ())

    def testTooFewCoresAreAnError(self):
        with self.assertRaisesRegex(ValueError, "there are 1 cores, and one process shall have 2"):
            shards.Cores({7}, 2)


class JoinTest(unittest.TestCase):

    def testPartsAreJoinedInTheOrderOfTheEntry(self):
        first = execute.EntryResult("c", {"b": execute.Outcome("pass")}, ["odd"], None, 2.0)
        second = execute.EntryResult("c", {"a": execute.Outcome("fail")}, ["odd", "other"], {"name": "D"}, 3.0)
        joined = execute.Join([first, second], ["a", "b", "never run"])
        self.assertEqual(list(joined.outcomes), ["a", "b"])
        self.assertEqual(joined.problems, ["odd", "other"])
        self.assertEqual((joined.device, joined.seconds, joined.command), ({"name": "D"}, 5.0, "c"))


if __name__ == "__main__":
    unittest.main()
