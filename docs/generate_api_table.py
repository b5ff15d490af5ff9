#!/usr/bin/env python3
"""Writes docs/api.md, the table of OpenCL's entry points, from the sources.

    docs/generate_api_table.py           writes the table
    docs/generate_api_table.py --check   fails when the committed table is not what the sources say

What it reads: the dispatch table (which entry points there are and what they lead to), the api functions (which ones
refuse whatever they are given), the OpenCL headers (since when) and the test programs (who calls what). An entry
point that no test calls is an error, too.
"""

import argparse
import pathlib
import re
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "api.md"
DISPATCH = ROOT / "src" / "frontend" / "dispatch_table.cc"
API = ROOT / "src" / "frontend" / "api"
PROGRAMS = ROOT / "tests" / "integration" / "programs"
LOOPBACK = ROOT / "tests" / "loopback"
# Extension entry points: the headers do not say which extension each belongs to; its name does.
EXTENSIONS = (
    (r"CreateEventFromGLsync", "cl_khr_gl_event"), (r"EGLSync", "cl_khr_egl_event"), (r"EGL", "cl_khr_egl_image"),
    (r"GL[A-Z]", "cl_khr_gl_sharing"), (r"D3D10", "cl_khr_d3d10_sharing"), (r"D3D11", "cl_khr_d3d11_sharing"),
    (r"DX9", "cl_khr_dx9_media_sharing"), (r"Device(s)?EXT$", "cl_ext_device_fission"),
    (r"^clCommand|CommandBuffer", "cl_khr_command_buffer"), (r"WithPropertiesKHR$", "cl_khr_create_command_queue"),
    (r"ILKHR$", "cl_khr_il_program"), (r"SubGroupInfoKHR$", "cl_khr_subgroups"),
    (r"SuggestedLocalWorkSize", "cl_khr_suggested_local_work_size"), (r"CLOPENCL$", "cl_clopencl_collectives"),
)

INTRODUCTION = """# The entry points of OpenCL

Written by `docs/generate_api_table.py` from the dispatch table, the api functions, the OpenCL headers and the test
programs; a test fails when it is not what the sources say. Do not edit.

*since*: the version of OpenCL that brought the entry point (and the last before its deprecation), or its extension.
*state*: "offered" means as natively, on the device behind the rank server; "refused" means that every call that is valid otherwise
gives that error, because the device or clOpenCL cannot do it. *tests*: programs of tests/integration (run natively,
behind one and behind two rank servers, and compared) and of tests/loopback that call it.
"""


class TableError(Exception):
    """The sources do not say what the table needs."""


@dataclass
class EntryPoint:
    name: str
    target: str  # The api function, or "" where the table refuses without one.
    extension: bool = False
    since: str = ""
    state: str = ""
    tests: list = field(default_factory=list)


def read(path):
    return path.read_text(encoding="utf-8")


def dispatch_entries():
    """The members of the dispatch table and the functions that only extensions name."""
    text = read(DISPATCH)
    table = text[text.index("cl_icd_dispatch MakeTable()"):text.index("void* FindExtensionFunction")]
    entries = []
    for name, target in re.findall(r"\.(cl\w+) =\s+(.*?),\n", table):
        if target.startswith("Refuse<"):
            entries.append(EntryPoint(name, ""))
        else:
            function = re.search(r"&(?:api::)?(\w+)", target)
            if function is None:
                raise TableError(f"{DISPATCH.name}: {name} leads to {target!r}, which the generator does not know")
            entries.append(EntryPoint(name, function[1]))
    known = {entry.name: entry.target for entry in entries}
    for name, target in re.findall(r'\{"(cl\w+)",\s*(.*?)\},?\n', text[text.index("FindExtensionFunction(const"):],
                                   re.DOTALL):
        if name in known:
            continue
        function = re.search(r"kDispatchTable\.(\w+)|&(?:api::)?(\w+)", target)
        if function is None:
            raise TableError(f"{DISPATCH.name}: {name} leads to {target!r}, which the generator does not know")
        entries.append(EntryPoint(name, known[function[1]] if function[1] else function[2], extension=True))
    return entries


def api_bodies():
    """The bodies of the functions at the start of a line in api/, by name."""
    bodies = {}
    for path in sorted(API.glob("*.cc")):
        for match in re.finditer(r"^[\w:*&<> ]*?(\w+)\([^;{}]*\)(?: noexcept)? \{(.*?)\}$", read(path),
                                 re.MULTILINE | re.DOTALL):
            bodies.setdefault(match[1], function_body(match))
    return bodies


def function_body(match):
    """Of a definition on one line, that line; of a longer one, up to the brace at the start of a line."""
    text = match.string[match.start(2):]
    first = text.split("\n", 1)[0]
    if first.strip():
        return first.rsplit("}", 1)[0]
    return text[:text.index("\n}")]


def state_of(entry, bodies):
    if not entry.target:
        return "refused: `CL_INVALID_OPERATION`"
    body = bodies.get(entry.target)
    if body is None:
        if entry.target.startswith("GetExtensionFunctionAddress"):
            return "offered"
        raise TableError(f"{entry.name}: there is no api function {entry.target}")
    # A function that fails whatever happens ends in a Fail() of its own block.
    last = re.search(r"^  Fail\((CL_\w+)\);\s*$", body.rstrip().rsplit("\n", 1)[-1])
    return f"refused: `{last[1]}`" if last else "offered"


def core_versions():
    """Since when, and until when, from the conditions and the deprecation marks around each declaration."""
    header = next((path for folder in ("/usr/include", "/usr/local/include")
                   if (path := pathlib.Path(folder, "CL", "cl.h")).exists()), None)
    if header is None:
        raise TableError("CL/cl.h is not found")
    since = {}
    conditions = []
    lines = read(header).splitlines()
    for number, line in enumerate(lines):
        if match := re.match(r"#\s*if(?:n?def)?\b(.*)", line):
            conditions.append(match[1].strip())
        elif re.match(r"#\s*endif", line):
            conditions.pop()
        elif match := re.match(r"(?:.*\bCL_API_CALL\s+|\s*)(cl[A-Z]\w+)\(", line):
            inside = [found[1].replace("_", ".") for condition in conditions
                      if (found := re.fullmatch(r"CL_VERSION_(\d_\d)", condition))]
            declaration = lines[number - 1] + "".join(lines[number:]).split(";", 1)[0]
            old = re.search(r"VERSION_(\d)_(\d)_DEPRECATED", declaration)
            since[match[1]] = (inside[-1] if inside else "1.0") + (f" to {old[1]}.{old[2]}" if old else "")
    return since


def extension_of(name):
    for pattern, extension in EXTENSIONS:
        if re.search(pattern, name):
            return f"`{extension}`"
    raise TableError(f"{name}: neither core nor of an extension that the generator knows")


def tests_by_entry_point():
    """Entry point -> names of the tests that call it."""
    callers = {}

    def add(path, test):
        code = re.sub(r"//.*", "", read(path))
        for name in set(re.findall(r"\b(cl[A-Z]\w+)\b", code)):
            callers.setdefault(name, set()).add(test)

    for path in sorted(PROGRAMS.rglob("*.cc")):
        parts = path.relative_to(PROGRAMS).parts
        if parts[0] == "support":
            continue
        shared = parts[0] == "api_errors" and path.stem in ("fixture", "main", "suite", "native_crashes")
        if parts[0] == "api_errors" and not shared:
            add(path, f"api_errors.{path.stem}")
        elif not shared:
            add(path, parts[0].removesuffix(".cc"))
    for path in sorted(LOOPBACK.glob("frontend*_test.cc")):
        add(path, path.stem)
    return callers


def collect():
    bodies = api_bodies()
    since = core_versions()
    callers = tests_by_entry_point()
    entries = dispatch_entries()
    for entry in entries:
        entry.since = since.get(entry.name) or extension_of(entry.name)
        entry.state = state_of(entry, bodies)
        entry.tests = sorted(callers.get(entry.name, ()))
        if not entry.tests:
            raise TableError(f"no test calls {entry.name}")
    return entries


def cell(tests):
    shown = ", ".join(tests[:4])
    return f"{shown} and {len(tests) - 4} more" if len(tests) > 4 else shown


def render(entries):
    core = [entry for entry in entries if not entry.since.startswith("`")]
    extensions = [entry for entry in entries if entry.since.startswith("`")]
    text = INTRODUCTION
    for title, rows in (("OpenCL 3.0", core), ("Extensions", extensions)):
        offered = sum(entry.state == "offered" for entry in rows)
        text += f"\n## {title}: {offered} of {len(rows)} offered\n\n| entry point | since | state | tests |\n"
        text += "| --- | --- | --- | --- |\n"
        for entry in sorted(rows, key=lambda entry: entry.name):
            text += f"| `{entry.name}` | {entry.since} | {entry.state} | {cell(entry.tests)} |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    arguments = parser.parse_args()
    try:
        text = render(collect())
    except TableError as error:
        sys.exit(f"generate_api_table: {error}")
    if not arguments.check:
        TABLE.write_text(text, encoding="utf-8")
    elif not TABLE.exists() or read(TABLE) != text:
        sys.exit("docs/api.md is not what the sources say: run docs/generate_api_table.py")


if __name__ == "__main__":
    main()
