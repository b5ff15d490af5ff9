"""Judges the launched results against the native ones."""

import dataclasses

from conformance import report

REGRESSION = "regression"
SAME = "same"
BETTER = "better"
DIFFERENT = "different"
UNKNOWN = "unknown"

PROCESS = "(process)"

# Natively these say nothing, or end the process that others share: they are not run under the launcher.
NOT_COMPARABLE = (report.CRASH, report.TIMEOUT, report.FLAKY)


@dataclasses.dataclass
class Verdict:
    entry: str
    subtest: str
    kind: str
    native: str
    launched: str
    detail: str = ""


def IsComparable(native):
    """Whether a native outcome is worth a run under the launcher; a crash in company may be a pass alone."""
    return native is None or native.status not in NOT_COMPARABLE or native.alone in (report.PASS, report.SKIP)


def JudgeSubtest(native, launched):
    """Returns the kind of verdict for two outcomes; `native` may be None."""
    if native is None:
        return UNKNOWN
    expected, found = native.status, launched.status
    if expected in NOT_COMPARABLE and native.alone in (report.PASS, report.SKIP):
        expected, found = native.alone, launched.alone or launched.status
    if expected == report.FLAKY or expected == found:
        return SAME
    if expected == report.SKIP and found == report.PASS:
        return DIFFERENT
    if expected in (report.PASS, report.SKIP):
        return REGRESSION
    if expected == report.FAIL and found in (report.CRASH, report.TIMEOUT):
        return REGRESSION
    return BETTER


def JudgeEntry(name, native, launched):
    """Returns the verdicts of one entry; `native` may be None where nothing is stored."""
    verdicts = []
    for subtest, outcome in launched.outcomes.items():
        known = native.outcomes.get(subtest) if native else None
        verdicts.append(Verdict(name, subtest, JudgeSubtest(known, outcome), known.status if known else "-",
                                outcome.status, outcome.detail))
    if launched.problems:
        # Which sub-tests share a process differs between the two runs, so a native fault excuses one of ours.
        kind = SAME if native and native.problems else REGRESSION
        verdicts.append(Verdict(name, PROCESS, kind, "faulty" if native and native.problems else "clean", "faulty",
                                "; ".join(launched.problems)))
    return verdicts
