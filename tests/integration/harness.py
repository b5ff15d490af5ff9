#!/usr/bin/env python3
"""Runs unmodified OpenCL programs natively and under clrun, and compares what they do.

    harness.py native  [options] -- PROGRAM ARG...     the program alone, on the native platform
    harness.py compare [options] -- PROGRAM ARG...     natively and under clrun: outputs and exit codes must agree

Exit code 0: passed, 1: failed, 77: skipped (CTest's SKIP_RETURN_CODE).
The environment variable CLOPENCL_BUILD names the build folder; otherwise it is "build" in the repository.

Every run has a time limit. A program's processes are all found and killed when it is over: the harness is the
"subreaper" of its descendants, so that a process whose parent dies comes back to it, whatever process groups
and sessions were opened in between. A process that outlives the program by more than GRACE_SECONDS is a failure.
"""

import argparse
import ctypes
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import comparison

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CLOPENCL_BUILD", REPOSITORY / "build"))
CLRUN = BUILD / "bin" / "clrun"
# What must be there for a forwarded run.
FORWARDING_FILES = (CLRUN, BUILD / "bin" / "clopencl-rankserver", BUILD / "lib" / "libclopencl.so")
SKIPPED = 77
GRACE_SECONDS = 2.0  # a rank server is promised to be gone so long after rank 0
PR_SET_CHILD_SUBREAPER = 36
# In every run: PoCL derives memory and image sizes from the machine's memory, which may change meanwhile.
COMMON_ENVIRONMENT = {"POCL_MEMORY_LIMIT": "4"}


class HarnessError(Exception):
    """The harness could not do its work; says nothing about the program."""


@dataclass
class Result:
    """How a program ended."""

    command: list
    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    leftovers: list = field(default_factory=list)  # "pid: command line" of what outlived it

    def describe(self):
        text = [f"command: {shlex.join(map(str, self.command))}", f"exit code: {self.exit_code}",
                f"seconds: {self.seconds:.1f}"]
        if self.timed_out:
            text.append("it ran past its time limit and was killed")
        text += [f"left behind: {process}" for process in self.leftovers]
        for name, output in (("standard output", self.stdout), ("standard error", self.stderr)):
            lines = output.splitlines()
            text.append(f"{name}, last lines of {len(lines)}:")
            text += ["  | " + line for line in lines[-15:]]
        return "\n".join(text)


def become_subreaper():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise HarnessError(f"prctl(PR_SET_CHILD_SUBREAPER): {os.strerror(ctypes.get_errno())}")


def processes():
    """Process id -> (parent's id, state) of every process that can be seen."""
    table = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_text(errors="replace")
        except OSError:
            continue  # gone meanwhile
        state, parent = stat.rpartition(")")[2].split()[:2]  # the name before may hold anything
        table[int(entry)] = (int(parent), state)
    return table


def living_descendants(ancestor):
    """Ids of the descendants of `ancestor` that are not zombies."""
    table = processes()
    found = []
    frontier = {ancestor}
    while frontier:
        frontier = {pid for pid, (parent, _) in table.items() if parent in frontier}
        found += [pid for pid in frontier if table[pid][1] != "Z"]
    return found


def command_line(pid):
    try:
        words = pathlib.Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
        return b" ".join(words).decode(errors="replace")
    except OSError:
        return "(gone)"


def reap():
    """Takes the exit codes of orphans that came back to the harness."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def kill_descendants():
    """Kills every descendant, until none is left (children born meanwhile included)."""
    deadline = time.monotonic() + 10
    while pids := living_descendants(os.getpid()):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
        reap()
        if time.monotonic() > deadline:
            raise HarnessError(f"processes that cannot be killed: {pids}")


def await_descendants(seconds):
    """Waits until no descendant is left, at most so long; returns those that are."""
    deadline = time.monotonic() + seconds
    while True:
        reap()
        pids = living_descendants(os.getpid())
        if not pids or time.monotonic() > deadline:
            return pids
        time.sleep(0.02)


def shell_code(return_code):
    """A signal's number as a shell says it: 134 for SIGABRT."""
    return return_code if return_code >= 0 else 128 - return_code


def run(command, timeout, env=None, cores=None, stdin_text=None):
    """Runs `command` to its end or its time limit. Afterwards none of its processes is left.

    `env` is added to the environment; a value of None removes the variable. `cores` are the processors it may
    use. Not for several threads at once: everything that descends from this process is taken for the command's.
    """
    become_subreaper()
    environment = dict(os.environ)
    for name, value in {**COMMON_ENVIRONMENT, **(env or {})}.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = str(value)
    # Files and not pipes: a process that is left behind could hold a pipe open.
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, \
            tempfile.TemporaryFile() as stderr, tempfile.TemporaryDirectory(prefix="clopencl-test-") as scratch:
        stdin.write((stdin_text or "").encode())
        stdin.seek(0)
        environment["TMPDIR"] = scratch  # where MPI keeps the files of a job
        start = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=stdout, stderr=stderr,
                                   env=environment, start_new_session=True,
                                   preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None)
        timed_out = False
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            process.terminate()  # a launcher gets the chance to clean up on other nodes
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        finally:
            seconds = time.monotonic() - start
            remaining = await_descendants(GRACE_SECONDS)
            leftovers = [f"{pid}: {command_line(pid)}" for pid in remaining]
            kill_descendants()
        stdout.seek(0)
        stderr.seek(0)
        return Result(command=list(command), exit_code=shell_code(process.returncode),
                      stdout=stdout.read().decode(errors="backslashreplace"),
                      stderr=stderr.read().decode(errors="backslashreplace"), seconds=seconds,
                      timed_out=timed_out, leftovers=leftovers)


def missing_for_forwarding():
    """Why no forwarded run is possible, or an empty string."""
    missing = [str(path) for path in FORWARDING_FILES if not path.exists()]
    return f"not built: {', '.join(missing)}" if missing else ""


def parse_cpus(text):
    """"0-2,5" -> {0, 1, 2, 5}."""
    cpus = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        cpus |= set(range(int(first), int(last or first) + 1))
    return cpus


def cpus_of_servers(servers):
    """The processors of each of so many rank servers, as clrun would start them."""
    listing = run([CLRUN, "--list", "--json", "-n", servers], 60)
    if listing.exit_code != 0:
        raise HarnessError("clrun --list --json fails\n" + listing.describe())
    return [parse_cpus(server["cpus"]) for server in json.loads(listing.stdout)["servers"]]


def run_native(command, timeout, cores=None, env=None, stdin_text=None):
    """Runs natively; with `cores`, as a rank server that is pinned to them would.

    A CPU device that is divided between rank servers has the compute units of its part, and so must the native
    one that it is compared with.
    """
    environment = dict(env or {})
    if cores:
        environment.setdefault("POCL_MAX_PTHREAD_COUNT", len(cores))
        environment.setdefault("POCL_CPU_MAX_CU_COUNT", len(cores))
    return run(command, timeout, environment, cores, stdin_text)


def run_forwarded(command, timeout, servers, env=None, stdin_text=None, clrun_options=("--only-served",)):
    return run([CLRUN, *clrun_options, "-n", servers, "--", *command], timeout, env, None, stdin_text)


def failures(result, expected_exit):
    """What is wrong with one run, seen alone."""
    wrong = []
    if result.timed_out:
        wrong.append("ran past its time limit")
    elif result.exit_code != expected_exit:
        wrong.append(f"exit code {result.exit_code} instead of {expected_exit}")
    if result.leftovers:
        wrong.append("left processes behind")
    return wrong


def report(title, wrong, result):
    print(f"{title}: {'; '.join(wrong)}")
    print(result.describe())


def check_native(options):
    result = run_native(options.command, options.timeout, None, options.env, options.stdin)
    if result.exit_code == SKIPPED:
        print(result.stderr.strip())
        return SKIPPED
    wrong = failures(result, options.exit_code)
    if wrong:
        report("native run", wrong, result)
        return 1
    print(f"native run: {len(result.stdout.splitlines())} lines, {result.seconds:.1f} s")
    return 0


def check_forwarded(options):
    reason = missing_for_forwarding()
    if reason:
        print("skipped:", reason)
        return SKIPPED
    status = 0
    for device, cores in enumerate(cpus_of_servers(options.servers)):
        environment = {**options.env, "TEST_DEVICE": device}
        native = run_native(options.command, options.timeout, cores, {**options.env, "TEST_DEVICE": 0},
                            options.stdin)
        if native.exit_code == SKIPPED:
            print(native.stderr.strip())
            return SKIPPED
        wrong = failures(native, options.exit_code)
        if wrong:
            report("native run, so there is nothing to compare with", wrong, native)
            return 1
        forwarded = run_forwarded(options.command, options.timeout, options.servers, environment,
                                  options.stdin)
        wrong = failures(forwarded, options.exit_code)
        differences = comparison.compare(native.stdout, forwarded.stdout)
        if differences:
            wrong.append(f"{len(differences)} differences")
        if wrong:
            report(f"forwarded run on device {device} of {options.servers}", wrong, forwarded)
            print("\n".join(differences))
            status = 1
        else:
            print(f"device {device} of {options.servers}: {len(native.stdout.splitlines())} lines agree; "
                  f"native {native.seconds:.1f} s, forwarded {forwarded.seconds:.1f} s")
        if options.one_device:
            break
    return status


def check_alone(options):
    """A forwarded run that judges itself."""
    reason = missing_for_forwarding()
    if reason:
        print("skipped:", reason)
        return SKIPPED
    result = run_forwarded(options.command, options.timeout, options.servers, options.env, options.stdin,
                           options.clrun or ("--only-served",))
    wrong = failures(result, options.exit_code)
    if wrong:
        report("forwarded run", wrong, result)
        return 1
    print(f"forwarded run: {len(result.stdout.splitlines())} lines, {result.seconds:.1f} s")
    return 0


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("native", "compare", "alone"))
    parser.add_argument("--servers", type=int, default=1, help="number of rank servers (default: 1)")
    parser.add_argument("--one-device", action="store_true",
                        help="run on the first rank server's device only, not once on each")
    parser.add_argument("--timeout", type=float, default=60,
                        help="seconds that one run may take (default: 60)")
    parser.add_argument("--exit-code", type=int, default=0, help="the exit code that is right (default: 0)")
    parser.add_argument("--clrun", action="append", default=[], metavar="OPTION",
                        help="alone: given to clrun instead of --only-served")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE",
                        help="set for the program")
    parser.add_argument("--stdin", metavar="TEXT", help="what the program reads from standard input")
    place = arguments.index("--") if "--" in arguments else len(arguments)
    own, command = arguments[:place], arguments[place + 1:]
    options = parser.parse_args(own)
    options.command = command
    options.env = dict(setting.split("=", 1) for setting in options.env)
    if not options.command:
        parser.error("no program is given; write -- PROGRAM ARG...")
    if shutil.which(options.command[0]) is None:
        parser.error(f"{options.command[0]} is not there or cannot be executed")
    return options


def main(arguments):
    options = parse_arguments(arguments)
    return {"native": check_native, "compare": check_forwarded, "alone": check_alone}[options.mode](options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
