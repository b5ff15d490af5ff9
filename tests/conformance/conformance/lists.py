"""Test lists: which binaries of the suite are run, with which arguments, and how long a sub-test may take."""

import dataclasses
import fnmatch
import pathlib
import shlex

DEFAULT_LIMIT = 120.0


class ListError(Exception):
    """A list file, or the suite it refers to, is not usable; the text says where and why."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a list: a binary of the suite with fixed arguments.

    `binary` is relative to the suite's test_conformance folder. `limit` is in seconds and for one sub-test.
    Empty `only` means every sub-test; `skip` wins over `only`. Both hold file name patterns.
    """

    name: str
    binary: str
    arguments: tuple = ()
    limit: float = DEFAULT_LIMIT
    only: tuple = ()
    skip: tuple = ()

    @property
    def command(self):
        """What identifies a stored result: the same name with other arguments is another test."""
        return shlex.join((self.binary, *self.arguments))

    def Selects(self, subtest):
        if any(fnmatch.fnmatchcase(subtest, pattern) for pattern in self.skip):
            return False
        return not self.only or any(fnmatch.fnmatchcase(subtest, pattern) for pattern in self.only)


def _ParseOption(word, where):
    key, separator, value = word[1:].partition("=")
    if not separator or not value:
        raise ListError(f"{where}: option '{word}' needs a value, as in @{key or 'limit'}=VALUE")
    if key == "limit":
        try:
            limit = float(value)
        except ValueError:
            limit = 0.0
        if limit <= 0:
            raise ListError(f"{where}: @limit needs a positive number of seconds, not '{value}'")
        return {"limit": limit}
    if key in ("only", "skip"):
        return {key: tuple(pattern for pattern in value.split(",") if pattern)}
    raise ListError(f"{where}: unknown option '@{key}' (known: @limit, @only, @skip)")


def ParseLine(line, where="list"):
    """Returns the entry of one line, or None for an empty line or a comment."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise ListError(f"{where}: {error}") from error
    if not words:
        return None
    if len(words) < 2:
        raise ListError(f"{where}: '{words[0]}' lacks its binary; a line is NAME BINARY [ARGUMENT...] [@OPTION=VALUE...]")
    options = {}
    arguments = []
    for word in words[2:]:
        if word.startswith("@"):
            options.update(_ParseOption(word, where))
        else:
            arguments.append(word)
    return Entry(name=words[0], binary=words[1], arguments=tuple(arguments), **options)


def ReadList(path):
    """Returns the entries of a list file, in its order."""
    path = pathlib.Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ListError(f"cannot read the list {path}: {error.strerror}") from error
    entries = []
    names = set()
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        entry = ParseLine(line, where)
        if entry is None:
            continue
        if entry.name in names:
            raise ListError(f"{where}: the name '{entry.name}' is taken by an earlier line")
        names.add(entry.name)
        entries.append(entry)
    if not entries:
        raise ListError(f"the list {path} names no test")
    return entries


def FindBinary(build, entry):
    """Returns the absolute path of an entry's binary in a build folder or an installed suite, or None."""
    build = pathlib.Path(build)
    relative = pathlib.PurePosixPath(entry.binary)
    candidates = [build / "test_conformance" / relative, build / relative, build / relative.name]
    candidates += sorted(build.glob(f"*/{relative.name}")) + sorted(build.glob(f"bin/*/{relative.name}"))
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    return None


class Filter:
    """Chooses by patterns of the form ENTRY or ENTRY/SUBTEST; no pattern chooses everything."""

    def __init__(self, patterns=()):
        self._patterns = [pattern.partition("/") for pattern in patterns]

    def SelectsEntry(self, entry):
        return not self._patterns or any(fnmatch.fnmatchcase(entry, head) for head, _, _ in self._patterns)

    def Selects(self, entry, subtest):
        if not self._patterns:
            return True
        return any(
            fnmatch.fnmatchcase(entry, head) and (not slash or fnmatch.fnmatchcase(subtest, tail))
            for head, slash, tail in self._patterns
        )
