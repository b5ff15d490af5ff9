"""Results of a run as a document: written by one run, the expectations of later ones."""

import json

from conformance import execute, report

_FORMAT = 1


class ResultsError(Exception):
    """A results document cannot be read; the text says which and why."""


class Results:
    """What a platform yielded, by entry name. Entries carry their command, sub-tests and process problems."""

    def __init__(self, device=None, entries=None):
        self.device = device
        self.entries = entries or {}

    def Find(self, entry):
        """Returns the stored result of exactly this entry, or None when it is absent or had other arguments."""
        found = self.entries.get(entry.name)
        return found if found is not None and found.command == entry.command else None

    def Merge(self, name, result):
        """Takes new outcomes over old ones; old ones stay for the sub-tests that were not run this time."""
        if not result.outcomes:
            return
        old = self.entries.get(name)
        self.device = self.device or result.device
        if old is None or old.command != result.command:
            self.entries[name] = result
            return
        old.outcomes.update(result.outcomes)
        old.problems = result.problems


def CombineRepetitions(first, second):
    """Joins two runs of the same entry: what differs between them says nothing about anybody and becomes flaky."""
    for name, outcome in second.outcomes.items():
        known = first.outcomes.get(name)
        if known is not None and known.status != outcome.status:
            detail = f"{known.status}, then {outcome.status}"
            first.outcomes[name] = execute.Outcome(report.FLAKY, max(known.seconds, outcome.seconds), detail)
        elif known is not None:
            known.seconds = max(known.seconds, outcome.seconds)
        else:
            first.outcomes[name] = outcome
    first.problems += [problem for problem in second.problems if problem not in first.problems]
    first.seconds += second.seconds
    return first


def _OutcomeToJson(outcome):
    value = {"status": outcome.status, "seconds": round(outcome.seconds, 2)}
    if outcome.detail:
        value["detail"] = outcome.detail
    if outcome.alone:
        value["alone"] = outcome.alone
    return value


def ToJson(results):
    """Returns the document with one line for each sub-test, so that a change shows as a small difference."""
    entries = []
    for name, entry in sorted(results.entries.items()):
        subtests = ",\n".join(
            f"      {json.dumps(subtest)}: {json.dumps(_OutcomeToJson(outcome))}"
            for subtest, outcome in sorted(entry.outcomes.items()))
        entries.append(f'    {json.dumps(name)}: {{\n     "command": {json.dumps(entry.command)},\n'
                       f'     "problems": {json.dumps(entry.problems)},\n'
                       f'     "subtests": {{\n{subtests}\n     }}\n    }}')
    body = ",\n".join(entries)
    return (f'{{\n  "format": {_FORMAT},\n  "device": {json.dumps(results.device)},\n'
            f'  "entries": {{\n{body}\n  }}\n}}\n')


def Write(results, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(ToJson(results))


def FromJson(text, where="results"):
    """Inverse of ToJson."""
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise ResultsError(f"{where} has format {document['format']}, this runner reads {_FORMAT}; record it again")
        entries = {}
        for name, entry in document["entries"].items():
            outcomes = {}
            for subtest, value in entry["subtests"].items():
                if value["status"] not in report.STATUSES:
                    raise ResultsError(f"{where}: {name}/{subtest} has the unknown status '{value['status']}'")
                outcomes[subtest] = execute.Outcome(value["status"], value["seconds"], value.get("detail", ""),
                                                    value.get("alone"))
            entries[name] = execute.EntryResult(entry["command"], outcomes, entry["problems"])
        return Results(document["device"], entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{where} is no results document of this runner: {error!r}") from error


def Read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return FromJson(file.read(), str(path))
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror}") from error
