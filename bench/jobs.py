"""What bench/memory, bench/idle and bench/servers share: a job under clrun, and its processes."""

import json
import os
import pathlib
import subprocess
import uuid

import machine

SOURCE = pathlib.Path(__file__).resolve().parent.parent
MARK = "CLOPENCL_BENCH_MARK"
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
PAGE = os.sysconf("SC_PAGE_SIZE")


class Job:
    """A program under clrun with so many rank servers. Its processes are told by a mark in their environment."""

    def __init__(self, build, servers, program, environment=None, clrun_arguments=()):
        self.mark = uuid.uuid4().hex
        command = [str(build / "bin" / "clrun"), "--only-served", "-n", str(servers), *clrun_arguments, "--", *program]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **AS_ROOT, **(environment or {}), MARK: self.mark},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def line(self):
        """The next line that the program says."""
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"the job ended early, with exit code {self.process.wait()}")
        return text.strip()

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self, limit=60):
        self.process.stdin.close()
        code = self.process.wait(timeout=limit)
        if code != 0:
            raise RuntimeError(f"the job ended with exit code {code}")

    def processes(self):
        """{name: [pid, ...]} of the job's processes."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                environment = pathlib.Path("/proc", entry, "environ").read_bytes()
                name = pathlib.Path("/proc", entry, "comm").read_text().strip()
            except OSError:
                continue
            if f"{MARK}={self.mark}".encode() in environment.split(b"\0"):
                found.setdefault(name, []).append(int(entry))
        return found


def resident_bytes(pid):
    return int(pathlib.Path("/proc", str(pid), "statm").read_text().split()[1]) * PAGE


def cpu_seconds(pid):
    """What the threads of the process ran so far. Exact: /proc/PID/stat only counts who runs when the clock ticks."""
    tasks = pathlib.Path("/proc", str(pid), "task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def keep(kind, result, output):
    """Writes the result, with machine and commit, where `output` says or to bench/results/."""
    result = {**machine.describe_run(SOURCE), **result}
    if str(output) == "-":
        return
    path = output or machine.result_path(SOURCE, result, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nkept in {path}")
