"""Command line of the runner."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import signal
import sys
import threading

from conformance import compare, execute, lists, results, shards, summary

_HERE = pathlib.Path(__file__).resolve().parent.parent
_DEFAULT_LAUNCHER = "clrun --only-served -n 1 --"
_LAUNCHED_GRACE_SECONDS = 30.0

_EXIT_OK, _EXIT_REGRESSION, _EXIT_UNUSABLE, _EXIT_INTERRUPTED = 0, 1, 2, 130


class _UsageError(Exception):
    """The run cannot begin; the text says why and what to do."""


def _Parser():
    parser = argparse.ArgumentParser(prog="run")
    parser.description = ("Runs a build of the OpenCL conformance suite natively and under clOpenCL, and reports what "
                          "passes natively and not under clOpenCL. Exit code: 0 nothing regresses, 1 something does, "
                          "2 the run could not be made.")
    parser.add_argument("build", help="build folder of the suite, or the folder it was installed into")
    parser.add_argument("--list", default="quick", help="quick, full, or a list file (default: %(default)s)")
    parser.add_argument("--filter", action="append", default=[], metavar="PATTERN",
                        help="only ENTRY or ENTRY/SUBTEST that match this file name pattern; may be repeated")
    parser.add_argument("--native", action="store_true", help="run natively only, compare nothing")
    parser.add_argument("--expect", metavar="FILE", help="take the native results from FILE instead of running natively")
    parser.add_argument("--record", metavar="FILE", help="merge the native results of this run into FILE")
    parser.add_argument("--repeat", type=int, default=1, metavar="N",
                        help="run natively N times; what differs counts as flaky (default: %(default)s)")
    parser.add_argument("--launcher", metavar="COMMAND",
                        help=f"what precedes the binary under clOpenCL (default: {_DEFAULT_LAUNCHER})")
    parser.add_argument("--native-launcher", default="", metavar="COMMAND", help="what precedes the binary natively")
    for side in ("native", "launched"):
        parser.add_argument(f"--{side}-env", action="append", default=[], metavar="NAME=VALUE",
                            help=f"environment of the {side} runs, for instance CL_PLATFORM_INDEX=1; may be repeated")
    parser.add_argument("--time-factor", type=float, default=5.0, metavar="X",
                        help="a sub-test under clOpenCL may take X times its native time, and "
                             f"{_LAUNCHED_GRACE_SECONDS:.0f} s more (default: %(default)s)")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N",
                        help="run N processes at once, long entries divided over several (default: %(default)s); "
                             "they need gigabytes of memory")
    parser.add_argument("--cores", type=int, default=0, metavar="N",
                        help="each of these processes, and what it starts, has N cores of its own")
    parser.add_argument("--times", metavar="FILE",
                        help="results whose times tell how to divide the entries of the native run with --jobs")
    parser.add_argument("--isolate", action="store_true", help="one process for each sub-test from the start")
    parser.add_argument("--json", metavar="FILE", help="write results and verdicts to FILE")
    parser.add_argument("--logs", metavar="DIR", help="keep what the binaries print")
    parser.add_argument("-v", "--verbose", action="store_true", help="print a line for every sub-test")
    return parser


def _ParseEnvironment(pairs, option):
    environment = []
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not name or not separator:
            raise _UsageError(f"{option} takes NAME=VALUE, not '{pair}'")
        environment.append((name, value))
    return tuple(environment)


def _FindLauncher(text):
    """Returns the launcher as words. The default is looked for in the build folder beside the sources first."""
    if text is not None:
        words = shlex.split(text)
    else:
        words = shlex.split(_DEFAULT_LAUNCHER)
        built = _HERE.parent.parent / "build" / "bin" / words[0]
        if built.is_file():
            words[0] = str(built)
    if words and shutil.which(words[0]) is None:
        raise _UsageError(f"the launcher '{words[0]}' is not an executable file nor in PATH; build the project, "
                          "or name it with --launcher")
    return tuple(words)


def _ListPath(name):
    known = _HERE / "lists" / f"{name}.txt"
    return known if known.is_file() else pathlib.Path(name)


class _Plan:
    """The chosen entries of a list with their binaries and sub-tests."""

    def __init__(self, options):
        self.items = []
        self.missing = []
        chosen = lists.Filter(options.filter)
        if not pathlib.Path(options.build).is_dir():
            raise _UsageError(f"the build folder {options.build} does not exist")
        for entry in lists.ReadList(_ListPath(options.list)):
            if not chosen.SelectsEntry(entry.name):
                continue
            binary = lists.FindBinary(options.build, entry)
            if binary is None:
                self.missing.append(entry)
                continue
            subtests = [name for name in execute.ListSubtests(binary)
                        if entry.Selects(name) and chosen.Selects(entry.name, name)]
            if subtests:
                self.items.append((entry, binary, subtests))
        if not self.items:
            raise _UsageError(f"nothing to run: no built binary in {options.build} has a sub-test that the list "
                              f"'{options.list}' and the filter choose")


class _Session:
    """One invocation: the options and the two phases."""

    def __init__(self, options, interrupted):
        self._options = options
        self._interrupted = interrupted
        self._plan = _Plan(options)
        try:
            self._cores = shards.Cores(os.sched_getaffinity(0), options.cores)
        except ValueError as error:
            raise _UsageError(f"--cores: {error}") from error
        for entry in self._plan.missing:
            print(f"not built, left out: {entry.name} ({entry.binary})")

    def Run(self):
        options = self._options
        native = results.Read(options.expect) if options.expect else self._RunNatively()
        if options.record and not options.expect:
            self._Record(native)
        launched = None
        verdicts = []
        if not options.native and not self._interrupted.is_set():
            launched = self._RunLaunched(native)
            for name, result in launched.entries.items():
                entry = next(entry for entry, _, _ in self._plan.items if entry.name == name)
                verdicts += compare.JudgeEntry(name, native.Find(entry), result)
            print("\n" + "\n".join(summary.Findings(verdicts)))
        if options.json:
            self._WriteJson(native, launched, verdicts)
        if self._interrupted.is_set():
            print("interrupted: the results are incomplete")
            return _EXIT_INTERRUPTED
        regressions = sum(verdict.kind == compare.REGRESSION for verdict in verdicts)
        if launched is not None:
            print(f"{len(verdicts)} compared, {regressions} regression(s)")
        return _EXIT_REGRESSION if regressions else _EXIT_OK

    def _RunNatively(self):
        options = self._options
        setting = self._Setting(shlex.split(options.native_launcher), options.native_env, "native")
        times = results.Read(options.times) if options.times else results.Results()
        found = results.Results()
        for repetition in range(options.repeat):
            work = [(entry, binary, subtests, {name: entry.limit for name in subtests})
                    for entry, binary, subtests in self._plan.items]
            for name, result in self._RunAll("natively", work, setting, results.Results(), times).items():
                if repetition and name in found.entries:
                    results.CombineRepetitions(found.entries[name], result)
                else:
                    found.Merge(name, result)
        self._PrintTable("natively", found.entries)
        return found

    def _RunLaunched(self, native):
        options = self._options
        setting = self._Setting(_FindLauncher(options.launcher), options.launched_env, "launched")
        work = []
        left_out = 0
        for entry, binary, subtests in self._plan.items:
            stored = native.Find(entry)
            known = stored.outcomes if stored else {}
            chosen = [name for name in subtests if compare.IsComparable(known.get(name))]
            left_out += len(subtests) - len(chosen)
            limits = {name: self._LaunchedLimit(entry, known.get(name)) for name in chosen}
            if chosen:
                work.append((entry, binary, chosen, limits))
        if left_out:
            print(f"{left_out} sub-tests left out: natively they crash, run out of time or are flaky")
        found = self._RunAll("launched", work, setting, native, native)
        self._PrintTable("launched", found)
        return results.Results(entries=found)

    def _LaunchedLimit(self, entry, native):
        if native is None:
            return entry.limit
        return native.seconds * self._options.time_factor + _LAUNCHED_GRACE_SECONDS

    def _Setting(self, launcher, pairs, side):
        logs = str(pathlib.Path(self._options.logs) / side) if self._options.logs else None
        return execute.Setting(tuple(launcher), _ParseEnvironment(pairs, f"--{side}-env"), logs,
                               self._options.isolate, self._interrupted.is_set)

    def _RunAll(self, title, work, setting, native, times):
        """Returns {entry name: EntryResult} in the order of the list; by `times`, the longest processes are begun first."""
        jobs = max(1, self._options.jobs)
        progress = summary.Progress(sum(len(subtests) for _, _, subtests, _ in work), self._options.verbose)

        def Expected(entry, subtest):
            stored = native.Find(entry)
            return stored.outcomes.get(subtest) if stored else None

        def Seconds(entry, subtest):
            stored = times.Find(entry)
            known = stored.outcomes.get(subtest) if stored else None
            return known.seconds if known else None

        def RunOne(entry, binary, subtests, limits, part):
            label = f"{entry.name}.part{part}" if part else entry.name
            progress.Say(f"{title}: {label}, {len(subtests)} sub-tests")
            with self._cores.Lend() as prefix:
                confined = dataclasses.replace(setting, launcher=(*prefix, *setting.launcher))
                runner = execute.EntryRunner(
                    binary, entry, subtests, limits, confined,
                    lambda name, outcome: progress.OnOutcome(entry.name, name, outcome, Expected(entry, name)), label)
                return runner.Run()

        longest = shards.LongestShard([Seconds(entry, name) for entry, _, names, _ in work for name in names], jobs)
        parts = []
        for entry, binary, subtests, limits in work:
            split = shards.Split(subtests, {name: Seconds(entry, name) for name in subtests}, longest)
            parts += [(entry, binary, names, limits, number if len(split) > 1 else 0)
                      for number, names in enumerate(split, start=1)]
        parts.sort(key=lambda part: sum(Seconds(part[0], name) or 0 for name in part[2]), reverse=True)
        found = {entry.name: [] for entry, *_ in work}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            futures = [(part[0].name, pool.submit(RunOne, *part)) for part in parts]
            try:
                for name, future in futures:
                    found[name].append(future.result())
            except BaseException:
                self._interrupted.set()
                raise
        return {entry.name: execute.Join(found[entry.name], subtests) for entry, _, subtests, _ in work}

    def _PrintTable(self, title, entries):
        print("\n" + "\n".join(summary.Table(title, entries)) + "\n", flush=True)

    def _Record(self, native):
        path = pathlib.Path(self._options.record)
        document = results.Read(path) if path.exists() else results.Results()
        for name, result in native.entries.items():
            document.Merge(name, result)
        results.Write(document, path)
        print(f"recorded in {path}")

    def _WriteJson(self, native, launched, verdicts):
        document = {
            "native": json.loads(results.ToJson(native)),
            "launched": json.loads(results.ToJson(launched)) if launched else None,
            "verdicts": [vars(verdict) for verdict in verdicts],
        }
        with open(self._options.json, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)


def Main(arguments):
    """Returns the exit code."""
    options = _Parser().parse_args(arguments)
    interrupted = threading.Event()
    previous = {number: signal.signal(number, lambda *_: interrupted.set())
                for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if options.native and options.expect:
            raise _UsageError("--native runs natively and --expect avoids just that: give one of them")
        return _Session(options, interrupted).Run()
    except (_UsageError, lists.ListError, execute.ExecutionError, results.ResultsError) as error:
        print(f"run: {error}", file=sys.stderr)
        return _EXIT_UNUSABLE
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
