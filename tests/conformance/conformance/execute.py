"""Runs one entry of a list: all its sub-tests in one process, going on behind a crash or a hang."""

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from conformance import process, report

_LIST_SECONDS = 60
_START_LIMIT = 60.0
_EXIT_LIMIT = 30.0
_SUSPENSION_SECONDS = 5.0


class ExecutionError(Exception):
    """A binary cannot be run at all; the text says which and why."""


@dataclasses.dataclass
class Outcome:
    """The result of one sub-test. `alone` is its status in a process of its own, tried after a crash."""

    status: str
    seconds: float = 0.0
    detail: str = ""
    alone: str = None


@dataclasses.dataclass
class EntryResult:
    """All that one entry yielded. `problems` are faults of processes rather than of sub-tests."""

    command: str
    outcomes: dict = dataclasses.field(default_factory=dict)
    problems: list = dataclasses.field(default_factory=list)
    device: dict = None
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Setting:
    """How commands are run: a prefix (the launcher), environment additions, where logs go, and when to give up.

    `interrupted` is called often and returns true when the whole run shall end.
    """

    launcher: tuple = ()
    environment: tuple = ()
    logs: str = None
    isolate: bool = False
    interrupted: object = staticmethod(lambda: False)


@dataclasses.dataclass
class _Attempt:
    outcomes: dict
    problems: list
    device: dict
    interrupted: bool
    started: bool


def ListSubtests(binary):
    """Asks a binary for its sub-tests; this needs no OpenCL device and therefore no launcher."""
    try:
        answer = subprocess.run([str(binary), "--list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=_LIST_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExecutionError(f"{binary} --list: {error}") from error
    names = report.ParseList(answer.stdout.decode("utf-8", "replace"))
    if answer.returncode != 0 or not names:
        raise ExecutionError(f"{binary} --list ended with {DescribeExit(answer.returncode)} and named "
                             f"{len(names)} sub-tests; is it a binary of a current conformance suite?")
    return names


def DescribeExit(code):
    """Names an exit code, also those above 128 by which shells and MPI launchers report a signal."""
    number = -code if code < 0 else code - 128 if 128 < code < 160 else 0
    if number:
        try:
            return f"exit code {code} ({signal.Signals(number).name})"
        except ValueError:
            pass
    return f"exit code {code}"


class _Watch:
    """Decides when a process has had its time."""

    def __init__(self, parser, limits, interrupted):
        self._parser = parser
        self._limits = limits
        self._interrupted = interrupted
        self._last_look = None

    def MustStop(self, now):
        """Returns why the process shall end now, or None."""
        if self._interrupted():
            return "interrupted"
        parser = self._parser
        if self._last_look is not None and now - self._last_look > _SUSPENSION_SECONDS:
            # Looks are a fraction of a second apart: the runner itself was suspended, and so, most likely, was
            # what it watches. That time is nobody's.
            parser.last_event += now - self._last_look
        self._last_look = now
        waited = now - parser.last_event
        if parser.finished:
            return f"did not exit within {_EXIT_LIMIT:.0f} s" if waited > _EXIT_LIMIT else None
        if parser.current is None:
            return f"began no sub-test within {_START_LIMIT:.0f} s" if waited > _START_LIMIT else None
        limit = self._limits[parser.current]
        return f"still running after {limit:.0f} s" if waited > limit else None


class EntryRunner:
    """Runs the chosen sub-tests of one entry. Not for use by several threads at once."""

    def __init__(self, binary, entry, subtests, limits, setting, on_outcome=lambda name, outcome: None, label=None):
        """`subtests` is ordered, `limits` gives a number of seconds for each of them, `label` names the logs."""
        self._binary = binary
        self._entry = entry
        self._subtests = list(subtests)
        self._limits = limits
        self._setting = setting
        self._on_outcome = on_outcome
        self._label = label or entry.name
        self._announced = {}
        self._attempts = 0

    def Run(self):
        """Returns the result; on interruption, what was found so far."""
        result = EntryResult(command=self._entry.command)
        begin = time.monotonic()
        pending = list(self._subtests)
        isolate = self._setting.isolate
        failed_starts = 0
        while pending and not self._setting.interrupted():
            batch = pending[:1] if isolate else pending
            attempt = self._RunProcess(batch)
            if attempt.interrupted:
                break
            result.device = result.device or attempt.device
            result.problems += [problem for problem in attempt.problems if problem not in result.problems]
            if len(batch) > 1:
                self._RepeatCrashed(attempt)
            result.outcomes.update(attempt.outcomes)
            for name, outcome in attempt.outcomes.items():
                self._Announce(name, outcome)
            pending = [name for name in pending if name not in attempt.outcomes]
            if not attempt.started:
                # One process for each sub-test still tells which of them cannot even be started; if the
                # second one does not start either, the cause is not in the sub-tests.
                isolate = True
                failed_starts += 1
                if failed_starts > 2:
                    self._GiveUp(result, pending, attempt)
                    break
            else:
                failed_starts = 0
        result.seconds = time.monotonic() - begin
        return result

    def _RepeatCrashed(self, attempt):
        for name, outcome in attempt.outcomes.items():
            if outcome.status == report.CRASH and attempt.started:
                again = self._RunProcess([name])
                if name in again.outcomes:
                    outcome.alone = again.outcomes[name].status

    def _GiveUp(self, result, pending, attempt):
        detail = next((outcome.detail for outcome in attempt.outcomes.values()), "does not start")
        for name in pending:
            result.outcomes[name] = Outcome(report.CRASH, detail=detail)
            self._Announce(name, result.outcomes[name])

    def _Announce(self, name, outcome):
        """Tells of an outcome as soon as it shows, and again only if it turns out to be another."""
        if self._announced.get(name) != outcome.status:
            self._announced[name] = outcome.status
            self._on_outcome(name, outcome)

    def _Follow(self, parser, line, now):
        known = len(parser.results)
        parser.Feed(line, now)
        if len(parser.results) > known:
            name = next(reversed(parser.results))
            self._Announce(name, self._OutcomeOf(name, parser.results, parser))

    @staticmethod
    def _OutcomeOf(name, statuses, parser):
        return Outcome(statuses[name], parser.seconds.get(name, 0.0), parser.details.get(name, ""))

    def _RunProcess(self, batch):
        self._attempts += 1
        directory = pathlib.Path(tempfile.mkdtemp(prefix="clopencl-conformance-"))
        try:
            return self._RunIn(directory, batch)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _RunIn(self, directory, batch):
        results_file = directory / "results.json"
        environment = dict(os.environ)
        environment["CL_CONFORMANCE_RESULTS_FILENAME"] = str(results_file)
        environment.update(self._setting.environment)
        command = [*self._setting.launcher, str(self._binary), *self._entry.arguments, *batch]
        logs = pathlib.Path(self._setting.logs) if self._setting.logs else directory
        logs.mkdir(parents=True, exist_ok=True)
        stem = logs / f"{self._label}.{self._attempts}"
        work = directory / "work"
        work.mkdir()
        watched = process.WatchedProcess(command, environment, work, f"{stem}.out", f"{stem}.err")
        parser = report.ReportParser(batch, time.monotonic())
        watch = _Watch(parser, self._limits, self._setting.interrupted)
        try:
            watched.Run(lambda line, now: self._Follow(parser, line, now), watch.MustStop)
        except OSError as error:
            raise ExecutionError(f"cannot run '{command[0]}': {error.strerror}") from error
        if self._setting.interrupted():
            return _Attempt({}, [], parser.device, interrupted=True, started=False)
        return self._Judge(batch, watched, parser, report.ReadResultsFile(results_file), f"{stem}.err")

    def _Judge(self, batch, watched, parser, from_file, error_log):
        """The results file, where it was written, is exact; the report on standard output adds times and culprits."""
        known = parser.results if from_file is None else from_file
        outcomes = {name: self._OutcomeOf(name, known, parser) for name in batch if name in known}
        missing = [name for name in batch if name not in outcomes]
        ending = watched.stopped or DescribeExit(watched.exit_code)
        problems = []
        if missing:
            culprit = parser.current or (missing[0] if len(batch) == 1 else None)
            hint = "" if watched.stopped else _LastLine(error_log)
            detail = report.ShortenDetail("; ".join(text for text in (ending, hint) if text))
            if culprit in missing:
                status = report.TIMEOUT if watched.stopped else report.CRASH
                outcomes[culprit] = Outcome(status, time.monotonic() - parser.last_event, detail)
            else:
                problems.append(f"ended before the sub-test {missing[0]}: {detail}")
        else:
            expected = 1 if any(outcome.status == report.FAIL for outcome in outcomes.values()) else 0
            if watched.stopped or watched.exit_code != expected:
                problems.append(f"after its last sub-test: {ending}, expected exit code {expected}")
        if watched.left_behind and not watched.stopped:
            problems.append(f"{watched.left_behind} process(es) outlived the command")
        started = bool(parser.results or parser.current)
        return _Attempt(outcomes, problems, parser.device, interrupted=False, started=started)


def Join(parts, subtests):
    """Returns the result of an entry whose sub-tests were divided over several processes; `subtests` gives the order."""
    joined = EntryResult(parts[0].command)
    outcomes = {}
    for part in parts:
        outcomes.update(part.outcomes)
        joined.problems += [problem for problem in part.problems if problem not in joined.problems]
        joined.device = joined.device or part.device
        joined.seconds += part.seconds
    joined.outcomes = {name: outcomes[name] for name in subtests if name in outcomes}
    return joined


def _LastLine(path):
    """Returns the last line that says something, for a hint at the cause."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4096))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if any(letter.isalnum() for letter in line)), "")
