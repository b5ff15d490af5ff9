"""Understands what a binary of the suite writes: its list of sub-tests, its running report, its results file."""

import json
import re

PASS, FAIL, SKIP = "pass", "fail", "skip"
CRASH, TIMEOUT = "crash", "timeout"
FLAKY = "flaky"
STATUSES = (PASS, FAIL, SKIP, CRASH, TIMEOUT, FLAKY)

_DEVICE = re.compile(r"^Compute Device Name = (?P<name>.*), Compute Device Vendor = (?P<vendor>.*), "
                     r"Compute Device Version = (?P<version>.*?), CL C Version = ")
_RESULT_SUFFIXES = (
    (" passed", PASS),
    (" FAILED", FAIL),
    (" test not supported", SKIP),
    (" test currently not implemented", SKIP),
)
_TOO_OLD = re.compile(r"^(?P<name>\S+) skipped \(requires at least ")
_NOT_OFFLINE = re.compile(r"^Subtest (?P<name>\S+) tests is not supported in offline compiler ")
_NOT_INITIALISED = re.compile(r"^Test (?P<what>skipped|failed) while initialization$")
_FOLDERS = re.compile(r"(?<![\w/])/(?:[^\s/:]+/)+")
_DETAIL_LENGTH = 200
_ERROR = "ERROR: "
_FINISHED = re.compile(r"^(?:(?:PASSED|FAILED|SKIPPED) \d+ of \d+ tests\.|Saving results to .*: (?:success|failure)!)$")


def ParseList(text):
    """Returns the sub-test names in the answer to --list."""
    return [line.strip() for line in text.splitlines() if line.startswith("\t") and line.strip()]


def ReadResultsFile(path):
    """Returns {sub-test: status} from the results file of the suite, or None when it is absent or unfinished."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            results = json.load(file)["results"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(results, dict) or any(status not in (PASS, FAIL, SKIP) for status in results.values()):
        return None
    return results


def ShortenDetail(text):
    """Returns a cause fit for one line of a table: without folders, which differ between machines, and not endless."""
    return _FOLDERS.sub("", text).strip()[:_DETAIL_LENGTH]


class ReportParser:
    """Follows the report on standard output line by line.

    Times are those at which lines arrived, as given to Feed. A binary flushes its output when a sub-test
    starts, so a result may become known only with the start of the next one. `details` holds the first
    error, or else the last words, of the sub-tests that failed.
    """

    def __init__(self, subtests, now):
        self._waiting = set(subtests)
        self.results = {}
        self.seconds = {}
        self.details = {}
        self.current = None
        self.device = None
        self.finished = False
        self.last_event = now
        self._words = ""

    def Feed(self, line, now):
        """Takes one line without its line end. A carriage return of a terminal is tolerated."""
        line = line.rstrip("\r\n")
        if self.device is None:
            match = _DEVICE.match(line)
            if match:
                self.device = match.groupdict()
                self.last_event = now
                return
        if line.endswith("...") and line[:-3] in self._waiting:
            self._Start(line[:-3], now)
            return
        ended = self._ResultOf(line)
        if ended is not None:
            self._End(*ended, now)
            return
        match = _NOT_INITIALISED.match(line)
        if match:
            self._EndAll(SKIP if match["what"] == "skipped" else FAIL, now)
        elif _FINISHED.match(line):
            self.finished = True
            self.last_event = now
        elif not self._words.startswith(_ERROR) and any(letter.isalnum() for letter in line):
            self._words = line[max(0, line.find(_ERROR)):]

    def _Start(self, name, now):
        self._waiting.discard(name)
        self.current = name
        self.last_event = now
        self._words = ""

    def _ResultOf(self, line):
        if self.current is None:
            return None
        for suffix, status in _RESULT_SUFFIXES:
            if line == self.current + suffix:
                return self.current, status
        for pattern in (_TOO_OLD, _NOT_OFFLINE):
            match = pattern.match(line)
            if match and match["name"] == self.current:
                return self.current, SKIP
        return None

    def _End(self, name, status, now):
        self.results[name] = status
        self.seconds[name] = now - self.last_event
        if status == FAIL:
            self.details[name] = ShortenDetail(self._words)
        self.current = None
        self.last_event = now

    def _EndAll(self, status, now):
        for name in self._waiting:
            self.results[name] = status
            self.seconds[name] = 0.0
        self._waiting.clear()
        self.last_event = now
