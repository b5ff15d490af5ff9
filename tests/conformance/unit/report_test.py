"""Tests of what is understood from the output of the suite."""

import pathlib
import tempfile
import unittest

from conformance import report

_LISTING = "\tbuffer_copy\n\tbuffer_fill\n"

_HEADER = ("Compute Device Name = Some GPU, 2nd, Compute Device Vendor = ACME, Compute Device Version = OpenCL 3.0 x, "
           "CL C Version = OpenCL C 1.2 ")


def _Feed(parser, lines, step=1.0):
    now = 0.0
    for line in lines:
        now += step
        parser.Feed(line, now)
    return parser


class ParseListTest(unittest.TestCase):

    def testTakesIndentedLinesOnly(self):
        self.assertEqual(report.ParseList("loader says hello\n" + _LISTING), ["buffer_copy", "buffer_fill"])

    def testEmptyAnswerNamesNothing(self):
        self.assertEqual(report.ParseList(""), [])


class ReportParserTest(unittest.TestCase):

    def testEveryResultLine(self):
        parser = report.ReportParser(["a", "b", "c", "d", "e", "f"], 0.0)
        _Feed(parser, [
            _HEADER,
            "a...", "noise", "a passed",
            "b...", "b FAILED",
            "c...", "c test not supported",
            "d...", "d skipped (requires at least OpenCL version 3.1, but the device reports OpenCL version 3.0)",
            "e...", "e test currently not implemented",
            "f...", "Subtest f tests is not supported in offline compiler execution path!",
            "FAILED 1 of 2 tests.",
        ])
        self.assertEqual(parser.results, {"a": "pass", "b": "fail", "c": "skip", "d": "skip", "e": "skip", "f": "skip"})
        self.assertTrue(parser.finished)
        self.assertIsNone(parser.current)

    def testSecondsAreThoseBetweenStartAndResult(self):
        parser = _Feed(report.ReportParser(["a", "b"], 0.0), ["a...", "x", "y", "a passed", "b...", "b passed"])
        self.assertEqual(parser.seconds, {"a": 3.0, "b": 1.0})

    def testTerminalLineEndsAreTolerated(self):
        parser = _Feed(report.ReportParser(["a"], 0.0), ["a...\r\n", "a passed\r\n", "PASSED 1 of 1 tests.\r\n"])
        self.assertEqual(parser.results, {"a": "pass"})
        self.assertTrue(parser.finished)

    def testDeviceIsReadFromTheHeader(self):
        parser = _Feed(report.ReportParser(["a"], 0.0), [_HEADER])
        self.assertEqual(parser.device, {"name": "Some GPU, 2nd", "vendor": "ACME", "version": "OpenCL 3.0 x"})

    def testRunningSubtestIsKnownWithoutItsResult(self):
        parser = _Feed(report.ReportParser(["a", "b"], 0.0), ["a...", "a passed", "b...", "half a li"])
        self.assertEqual(parser.current, "b")
        self.assertEqual(parser.results, {"a": "pass"})

    def testOtherPeoplesWordsAreNoResults(self):
        parser = _Feed(report.ReportParser(["a", "b"], 0.0), [
            "a passed",            # before any start
            "other...",            # not a sub-test of ours
            "a...", "b passed",    # the result of one that does not run
            "test passed", "PASSED sub-test.", "FAILED sub-test.", "PASSED 3 of 3 sub-tests.",
        ])
        self.assertEqual(parser.results, {})
        self.assertEqual(parser.current, "a")
        self.assertFalse(parser.finished)

    def testSubtestThatPrintsItsOwnNameAgainStartsOnce(self):
        parser = _Feed(report.ReportParser(["a"], 0.0), ["a...", "working", "a...", "a passed"])
        self.assertEqual(parser.seconds, {"a": 3.0})

    def testSkippedInitialisationSkipsAll(self):
        parser = _Feed(report.ReportParser(["a", "b"], 0.0),
                       ["Test skipped while initialization", "SKIPPED 2 of 2 tests."])
        self.assertEqual(parser.results, {"a": "skip", "b": "skip"})
        self.assertTrue(parser.finished)

    def testFailedInitialisationFailsAll(self):
        parser = _Feed(report.ReportParser(["a"], 0.0), ["Test failed while initialization"])
        self.assertEqual(parser.results, {"a": "fail"})

    def testFailureKeepsItsFirstErrorWithoutFolders(self):
        parser = _Feed(report.ReportParser(["a", "b"], 0.0), [
            "a...", "first", "\tERROR: clFoo failed! (CL_INVALID_VALUE from /home/me/suite/test_x.cpp:12)",
            "ERROR: and so on", "last", "a FAILED", "b...", "b FAILED"])
        self.assertEqual(parser.details, {"a": "ERROR: clFoo failed! (CL_INVALID_VALUE from test_x.cpp:12)", "b": ""})

    def testFailureWithoutAnErrorKeepsItsLastWords(self):
        parser = _Feed(report.ReportParser(["a"], 0.0), ["a...", "first", "values differ", "---", "a FAILED"])
        self.assertEqual(parser.details, {"a": "values differ"})

    def testShortenedDetailKeepsSlashesThatAreNoFolders(self):
        self.assertEqual(report.ShortenDetail("got 3/4 of A/B, see /usr/lib/x.so"), "got 3/4 of A/B, see x.so")
        self.assertEqual(len(report.ShortenDetail("x" * 5000)), 200)


class ReadResultsFileTest(unittest.TestCase):

    def _Read(self, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "results.json"
            path.write_text(text, encoding="utf-8")
            return report.ReadResultsFile(path)

    def testReadsTheStatuses(self):
        text = '{\n\t"cmd": "x",\n\t"args": "-w",\n\t"results": {\n\t\t"a": "pass",\n\t\t"b": "skip"\n\t}\n}\n'
        self.assertEqual(self._Read(text), {"a": "pass", "b": "skip"})

    def testUnfinishedFileIsNoFile(self):
        self.assertIsNone(self._Read('{\n\t"cmd": "x",\n\t"results": {\n\t\t"a": "pa'))

    def testUnknownStatusIsNoFile(self):
        self.assertIsNone(self._Read('{"results": {"a": "perhaps"}}'))

    def testAbsentFile(self):
        self.assertIsNone(report.ReadResultsFile("/nonexistent/results.json"))


if __name__ == "__main__":
    unittest.main()
