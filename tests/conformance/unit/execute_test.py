"""Tests of running: a fake binary of the suite that passes, fails, crashes, hangs and leaves processes behind."""

import contextlib
import io
import json
import pathlib
import tempfile
import time
import unittest

from conformance import cli, execute, lists, process, report

_SUITE = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "suite"
_ENTRY = lists.Entry("fake", "fake/test_fake", limit=20)


def _Run(subtests, limit=20.0, **setting):
    binary = lists.FindBinary(_SUITE, _ENTRY)
    runner = execute.EntryRunner(binary, _ENTRY, subtests, {name: limit for name in subtests},
                                 execute.Setting(**setting))
    return runner.Run()


def _Statuses(result):
    return {name: outcome.status for name, outcome in result.outcomes.items()}


class EntryRunnerTest(unittest.TestCase):

    def testListsSubtests(self):
        names = execute.ListSubtests(lists.FindBinary(_SUITE, _ENTRY))
        self.assertIn("passes_later", names)
        self.assertEqual(names, sorted(names))

    def testListingAProgramThatIsNoSuiteIsAnError(self):
        with self.assertRaisesRegex(execute.ExecutionError, "named 0 sub-tests"):
            execute.ListSubtests("/bin/true")

    def testPassFailSkip(self):
        result = _Run(["passes", "fails", "skipped"])
        self.assertEqual(_Statuses(result), {"passes": "pass", "fails": "fail", "skipped": "skip"})
        self.assertEqual(result.problems, [])
        self.assertEqual(result.device["name"], "Fake One")
        self.assertEqual(result.outcomes["fails"].detail, "ERROR: wrong value! (from test.cpp:7)")

    def testGoesOnBehindACrash(self):
        result = _Run(["passes", "crashes", "crashes_in_company", "passes_last"])
        self.assertEqual(_Statuses(result), {"passes": "pass", "crashes": "crash", "crashes_in_company": "crash",
                                             "passes_last": "pass"})
        self.assertEqual(result.outcomes["crashes"].alone, "crash")
        self.assertEqual(result.outcomes["crashes_in_company"].alone, "pass")
        self.assertIn("SIGSEGV", result.outcomes["crashes"].detail)
        self.assertIn("the fake crash", result.outcomes["crashes"].detail)

    def testGoesOnBehindAHangAndKillsAllOfIt(self):
        begin = time.monotonic()
        result = _Run(["passes", "hangs", "passes_last"], limit=1.0)
        self.assertEqual(_Statuses(result), {"passes": "pass", "hangs": "timeout", "passes_last": "pass"})
        self.assertIn("still running after 1 s", result.outcomes["hangs"].detail)
        self.assertLess(time.monotonic() - begin, 30)

    def testIsolated(self):
        result = _Run(["crashes_in_company", "passes"], isolate=True)
        self.assertEqual(_Statuses(result), {"crashes_in_company": "pass", "passes": "pass"})

    def testWrongExitCodeAfterGoodResultsIsAProblem(self):
        result = _Run(["passes", "exits_badly"])
        self.assertEqual(_Statuses(result), {"passes": "pass", "exits_badly": "pass"})
        self.assertEqual(len(result.problems), 1)
        self.assertIn("exit code 77", result.problems[0])

    def testProcessLeftBehindIsAProblem(self):
        result = _Run(["leaves_process"])
        self.assertEqual(_Statuses(result), {"leaves_process": "pass"})
        self.assertEqual(result.problems, ["1 process(es) outlived the command"])

    def testWhatNeverStartsIsGivenUpEarly(self):
        names = ["passes", "fails", "skipped", "passes_later", "passes_last"]
        result = _Run(names, environment=(("FAKE_START", "no"),))
        self.assertEqual(_Statuses(result), {name: "crash" for name in names})
        self.assertIn("no platform", result.outcomes["passes_last"].detail)

    def testLauncherThatDoesNotExistIsAnError(self):
        with self.assertRaisesRegex(execute.ExecutionError, "cannot run '/nonexistent/launcher'"):
            _Run(["passes"], launcher=("/nonexistent/launcher",))

    def testInterruptionEndsAtOnce(self):
        begin = time.monotonic()
        result = _Run(["passes", "hangs"], limit=60.0, interrupted=lambda: time.monotonic() - begin > 2)
        self.assertEqual(result.outcomes, {})
        self.assertLess(time.monotonic() - begin, 30)


class WatchTest(unittest.TestCase):

    def setUp(self):
        self._parser = report.ReportParser(["a"], 0.0)
        self._parser.Feed("a...", 0.0)
        self._watch = execute._Watch(self._parser, {"a": 10.0}, lambda: False)

    def testLimitOfTheRunningSubtest(self):
        looks = [self._watch.MustStop(now) for now in (0.0, 4.0, 8.0, 11.0)]
        self.assertEqual(looks, [None, None, None, "still running after 10 s"])

    def testSuspensionOfTheRunnerIsNotCounted(self):
        looks = [self._watch.MustStop(now) for now in (0.0, 4.0, 1004.0, 1008.0)]
        self.assertEqual(looks, [None] * 4)
        self.assertEqual(self._watch.MustStop(1011.0), "still running after 10 s")


class WatchedProcessTest(unittest.TestCase):

    def testNothingSurvivesEvenInItsOwnSession(self):
        with tempfile.TemporaryDirectory() as directory:
            watched = process.WatchedProcess(
                ["/bin/sh", "-c", "setsid sleep 100 & trap '' TERM; echo begun; sleep 100"], {"PATH": "/usr/bin:/bin"},
                directory, f"{directory}/out", f"{directory}/err")
            lines = []
            watched.Run(lambda line, now: lines.append(line), lambda now: "enough" if lines else None)
            self.assertEqual(lines, ["begun"])
            self.assertEqual(watched.stopped, "enough")
            self.assertEqual(process._MarkedProcesses(watched._mark), [])

    def testLastLineWithoutItsEndIsSeen(self):
        with tempfile.TemporaryDirectory() as directory:
            watched = process.WatchedProcess(["printf", "a\\nb"], {"PATH": "/usr/bin:/bin"}, directory,
                                             f"{directory}/out", f"{directory}/err")
            lines = []
            watched.Run(lambda line, now: lines.append(line), lambda now: None)
            self.assertEqual(lines, ["a", "b"])
            self.assertEqual(watched.exit_code, 0)


class CommandLineTest(unittest.TestCase):

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self._list = f"{self._folder.name}/list.txt"
        pathlib.Path(self._list).write_text("fake fake/test_fake @limit=20 @only=passes*,fails,skipped,crashes\n",
                                            encoding="utf-8")

    def _Main(self, *arguments):
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = cli.Main([str(_SUITE), "--list", self._list, *arguments])
        return code, output.getvalue(), errors.getvalue()

    def testNothingRegressesUnderALauncherThatDoesNothing(self):
        code, output, _ = self._Main("--launcher", "env")
        self.assertEqual(code, 0, output)
        self.assertIn("0 regression(s)", output)
        self.assertIn("1 sub-tests left out", output)

    def testRegressionsAreReportedWithExitCodeOne(self):
        document = f"{self._folder.name}/run.json"
        code, output, _ = self._Main("--launcher", "env FAKE_FAIL=passes FAKE_CRASH=skipped", "--json", document)
        self.assertEqual(code, 1, output)
        self.assertIn("REGRESSIONS: 2", output)
        self.assertIn("fake/passes: natively pass, here fail", output)
        self.assertIn("fake/skipped: natively skip, here crash", output)
        verdicts = json.loads(pathlib.Path(document).read_text(encoding="utf-8"))["verdicts"]
        self.assertEqual(sum(verdict["kind"] == "regression" for verdict in verdicts), 2)

    def testSeveralProcessesForOneEntryGiveTheSameResults(self):
        logs = pathlib.Path(self._folder.name) / "logs"
        # Four sub-tests of unknown length: 20 s, in parts of 10.
        code, output, _ = self._Main("--launcher", "env FAKE_FAIL=passes", "--logs", str(logs), "-j", "2", "--cores", "1",
                                     "--filter", "fake/[pf]*")
        self.assertEqual(code, 1, output)
        self.assertIn("natively: fake.part2,", output)
        self.assertIn("4 compared, 1 regression(s)", output)
        self.assertTrue((logs / "native" / "fake.part2.1.out").exists(), output)

    def testStoredExpectationsReplaceTheNativeRun(self):
        stored = f"{self._folder.name}/stored.json"
        code, _, _ = self._Main("--native", "--record", stored)
        self.assertEqual(code, 0)
        code, output, _ = self._Main("--times", stored, "--launcher", "env", "-j", "2")
        self.assertEqual(code, 0, output)
        self.assertNotIn("part2", output)
        code, output, _ = self._Main("--expect", stored, "--launcher", "env", "--launched-env", "FAKE_HANG=x")
        self.assertEqual(code, 0, output)
        self.assertNotIn("natively: fake", output)
        code, output, _ = self._Main("--expect", stored, "--launcher", "env", "--launched-env", "FAKE_FAIL=passes_last")
        self.assertEqual(code, 1, output)

    def testUnusableRunsSayWhy(self):
        for arguments, part in ((("--filter", "nothing*"), "nothing to run"),
                                (("--launcher", "/nonexistent/clrun"), "is not an executable file"),
                                (("--expect", "/nonexistent/file.json"), "cannot read /nonexistent/file.json"),
                                (("--native", "--expect", "x"), "give one of them"),
                                (("--launcher", "env", "--launched-env", "novalue"), "takes NAME=VALUE"),
                                (("--launcher", "env", "--cores", "100000"), "--cores: there are")):
            code, output, errors = self._Main(*arguments)
            self.assertEqual(code, 2, f"{arguments}: {output}{errors}")
            self.assertIn(part, errors)


if __name__ == "__main__":
    unittest.main()
