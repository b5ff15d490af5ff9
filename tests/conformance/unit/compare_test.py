"""Tests of verdicts and of stored results."""

import unittest

from conformance import compare, execute, lists, report, results, summary

_Outcome = execute.Outcome


def _Kind(native, launched, native_alone=None, launched_alone=None):
    return compare.JudgeSubtest(_Outcome(native, alone=native_alone) if native else None,
                                _Outcome(launched, alone=launched_alone))


class JudgeSubtestTest(unittest.TestCase):

    def testTable(self):
        table = {
            ("pass", "pass"): compare.SAME, ("pass", "fail"): compare.REGRESSION,
            ("pass", "skip"): compare.REGRESSION, ("pass", "crash"): compare.REGRESSION,
            ("pass", "timeout"): compare.REGRESSION,
            ("fail", "fail"): compare.SAME, ("fail", "pass"): compare.BETTER, ("fail", "skip"): compare.BETTER,
            ("fail", "crash"): compare.REGRESSION, ("fail", "timeout"): compare.REGRESSION,
            ("skip", "skip"): compare.SAME, ("skip", "pass"): compare.DIFFERENT,
            ("skip", "fail"): compare.REGRESSION, ("skip", "crash"): compare.REGRESSION,
            ("flaky", "fail"): compare.SAME, ("timeout", "pass"): compare.BETTER,
            (None, "fail"): compare.UNKNOWN,
        }
        for (native, launched), kind in table.items():
            self.assertEqual(_Kind(native, launched), kind, f"natively {native}, launched {launched}")

    def testNativeCrashInCompanyAsksForThePassAlone(self):
        self.assertEqual(_Kind("crash", "crash", "pass", "pass"), compare.SAME)
        self.assertEqual(_Kind("crash", "pass", "pass"), compare.SAME)
        self.assertEqual(_Kind("crash", "crash", "pass", "fail"), compare.REGRESSION)

    def testOwnCrashInCompanyIsNotExcusedByAPassAlone(self):
        self.assertEqual(_Kind("pass", "crash", None, "pass"), compare.REGRESSION)

    def testWhatIsWorthRunning(self):
        self.assertTrue(compare.IsComparable(None))
        self.assertTrue(compare.IsComparable(_Outcome("fail")))
        self.assertTrue(compare.IsComparable(_Outcome("crash", alone="pass")))
        for status in ("crash", "timeout", "flaky"):
            self.assertFalse(compare.IsComparable(_Outcome(status)))


class JudgeEntryTest(unittest.TestCase):

    def testProcessProblemIsARegressionUnlessNativeHasOne(self):
        clean = execute.EntryResult("c", {"a": _Outcome("pass")})
        faulty = execute.EntryResult("c", {"a": _Outcome("pass")}, ["exit code 5"])
        kinds = [verdict.kind for verdict in compare.JudgeEntry("e", clean, faulty)]
        self.assertEqual(kinds, [compare.SAME, compare.REGRESSION])
        kinds = [verdict.kind for verdict in compare.JudgeEntry("e", faulty, faulty)]
        self.assertEqual(kinds, [compare.SAME, compare.SAME])

    def testWithoutStoredResultsNothingIsKnown(self):
        launched = execute.EntryResult("c", {"a": _Outcome("fail")})
        self.assertEqual([verdict.kind for verdict in compare.JudgeEntry("e", None, launched)], [compare.UNKNOWN])


class ResultsTest(unittest.TestCase):

    def _Sample(self):
        return results.Results({"name": "D"}, {"e": execute.EntryResult("b -w", {
            "x": _Outcome("pass", 1.25), "y": _Outcome("crash", 0.5, 'said "no"', "fail")}, ["left"])})

    def testSurvivesTheRoundTrip(self):
        again = results.FromJson(results.ToJson(self._Sample()))
        self.assertEqual(results.ToJson(again), results.ToJson(self._Sample()))
        self.assertEqual(again.entries["e"].outcomes["y"], _Outcome("crash", 0.5, 'said "no"', "fail"))
        self.assertEqual(again.entries["e"].problems, ["left"])

    def testFindsOnlyTheSameCommand(self):
        sample = self._Sample()
        self.assertIsNotNone(sample.Find(lists.Entry("e", "b", ("-w",))))
        self.assertIsNone(sample.Find(lists.Entry("e", "b")))
        self.assertIsNone(sample.Find(lists.Entry("f", "b", ("-w",))))

    def testMergeReplacesWhatWasRunAndKeepsTheRest(self):
        sample = self._Sample()
        sample.Merge("e", execute.EntryResult("b -w", {"x": _Outcome("fail")}))
        self.assertEqual({name: outcome.status for name, outcome in sample.entries["e"].outcomes.items()},
                         {"x": "fail", "y": "crash"})

    def testMergeWithOtherArgumentsDropsTheOld(self):
        sample = self._Sample()
        sample.Merge("e", execute.EntryResult("b", {"x": _Outcome("fail")}))
        self.assertEqual(list(sample.entries["e"].outcomes), ["x"])

    def testBrokenDocumentsAreNamed(self):
        good = results.ToJson(self._Sample())
        for text, part in (("{", "no results document"), ("[]", "no results document"),
                           (good.replace('"format": 1', '"format": 9'), "has format 9"),
                           (good.replace('"pass"', '"perhaps"'), "unknown status 'perhaps'")):
            with self.assertRaisesRegex(results.ResultsError, part):
                results.FromJson(text, "f.json")

    def testRepetitionsThatDifferAreFlaky(self):
        first = execute.EntryResult("c", {"a": _Outcome("pass", 1), "b": _Outcome("pass", 1)})
        second = execute.EntryResult("c", {"a": _Outcome("pass", 3), "b": _Outcome("fail", 1)})
        joined = results.CombineRepetitions(first, second)
        self.assertEqual(joined.outcomes["a"], _Outcome("pass", 3))
        self.assertEqual(joined.outcomes["b"], _Outcome(report.FLAKY, 1, "pass, then fail"))


class SummaryTest(unittest.TestCase):

    def testTableCountsEveryStatus(self):
        result = execute.EntryResult("c", {
            "a": _Outcome("pass"), "b": _Outcome("fail"), "c": _Outcome("skip"), "d": _Outcome("crash"),
            "e": _Outcome("timeout"), "f": _Outcome("flaky"), "g": _Outcome("pass")}, ["odd end"], seconds=4.0)
        lines = summary.Table("here", {"e": result})
        self.assertEqual(lines[2].split(), ["e", "7", "2", "1", "1", "1", "1", "1", "4.0", "!", "odd", "end"])
        self.assertEqual(lines[3].split(), ["all", "7", "2", "1", "1", "1", "1", "1", "4.0"])

    def testFindingsShowRegressionsLastAndNothingThatIsAsNatively(self):
        verdicts = [compare.Verdict("e", "r", compare.REGRESSION, "pass", "fail", "why"),
                    compare.Verdict("e", "s", compare.SAME, "pass", "pass"),
                    compare.Verdict("e", "u", compare.UNKNOWN, "-", "pass")]
        self.assertEqual(summary.Findings(verdicts), [
            "not in the expectations: 1", "  e/u: natively -, here pass",
            "REGRESSIONS: 1", "  e/r: natively pass, here fail  (why)"])


if __name__ == "__main__":
    unittest.main()
