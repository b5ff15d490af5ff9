"""What the user sees: progress, the table by binary, the regressions."""

import sys
import threading

from conformance import compare, report

_COLUMNS = (("entry", 0), ("sub-tests", 10), ("pass", 6), ("fail", 6), ("skip", 6), ("crash", 6), ("time", 6),
            ("flaky", 6), ("seconds", 9))


class Progress:
    """Prints a line for each outcome that deserves one. Safe for several threads."""

    def __init__(self, total, verbose, stream=None):
        self._total = total
        self._done = 0
        self._verbose = verbose
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def Say(self, text):
        with self._lock:
            print(text, file=self._stream, flush=True)

    def OnOutcome(self, entry, subtest, outcome, expected=None):
        """Counts an outcome; it is printed when verbose, and when it is not what was to be expected."""
        with self._lock:
            self._done += 1
            expected_text = f" (natively {expected.status}, {expected.seconds:.1f} s)" if expected else ""
            detail = f": {outcome.detail}" if outcome.detail else ""
            alone = f" [alone: {outcome.alone}]" if outcome.alone else ""
            hoped_for = outcome.status in (report.PASS, report.SKIP) or (expected and outcome.status == expected.status)
            if self._verbose or not hoped_for:
                print(f"[{self._done}/{self._total}] {outcome.status:7} {entry}/{subtest} {outcome.seconds:.1f} s"
                      f"{expected_text}{alone}{detail}", file=self._stream, flush=True)


def _Row(cells):
    first, *rest = cells
    return f"{first:<32}" + "".join(f"{cell:>{width}}" for cell, (_, width) in zip(rest, _COLUMNS[1:]))


def Table(title, entries):
    """Returns the table of {entry name: EntryResult} as lines."""
    lines = [title, _Row([name for name, _ in _COLUMNS])]
    totals = [0] * 7
    total_seconds = 0.0
    for name, result in entries.items():
        statuses = [outcome.status for outcome in result.outcomes.values()]
        counts = [len(statuses)] + [statuses.count(status) for status in report.STATUSES]
        seconds = result.seconds or sum(outcome.seconds for outcome in result.outcomes.values())
        totals = [total + count for total, count in zip(totals, counts)]
        total_seconds += seconds
        mark = "  ! " + "; ".join(result.problems) if result.problems else ""
        lines.append(_Row([name, *counts, f"{seconds:.1f}"]) + mark)
    lines.append(_Row(["all", *totals, f"{total_seconds:.1f}"]))
    return lines


def Findings(verdicts):
    """Returns the lines about everything that is not as natively, regressions last, where they are seen."""
    lines = []
    for kind, title in ((compare.UNKNOWN, "not in the expectations"),
                        (compare.DIFFERENT, "natively skipped, passes here"),
                        (compare.BETTER, "natively failing, not here"),
                        (compare.REGRESSION, "REGRESSIONS")):
        chosen = [verdict for verdict in verdicts if verdict.kind == kind]
        if not chosen:
            continue
        lines.append(f"{title}: {len(chosen)}")
        for verdict in chosen:
            detail = f"  ({verdict.detail})" if verdict.detail else ""
            lines.append(f"  {verdict.entry}/{verdict.subtest}: natively {verdict.native}, here {verdict.launched}"
                         f"{detail}")
    return lines
