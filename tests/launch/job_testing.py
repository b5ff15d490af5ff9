"""What the launch tests share: starting jobs, and seeing that nothing of them is left."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import uuid

BUILD = os.environ.get("CLOPENCL_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
BIN = os.path.abspath(os.path.join(BUILD, "bin"))
CLRUN = os.path.join(BIN, "clrun")
ENDING = os.path.join(BIN, "clopencl-test-ending")
CRASH_AT_END = os.path.abspath(os.path.join(BUILD, "lib", "libclopencl-test-crash-at-end.so"))
MARK = "CLOPENCL_TEST_MARK"
CROWDING = re.compile(r"clrun: \S+ is over-subscribed: \d+ cores? for .* yield .*\n")
LIMIT = 60


def read_process(pid):
    """(name, state) of a process, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            text = file.read()
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    return name, text[text.rindex(")") + 2]


class JobTest(unittest.TestCase):
    """Gives each test a temporary directory and a mark in the environment by which its processes are found."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cltest-")
        self.mark = uuid.uuid4().hex
        self.environment = dict(os.environ, TMPDIR=self.directory, **{MARK: self.mark})
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.addCleanup(self.kill_all)

    def processes(self, name=None):
        """The pids of this test's living processes; of those alone whose name starts so, where given."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    marked = f"{MARK}={self.mark}".encode() in file.read().split(b"\0")
            except OSError:
                continue
            known = read_process(entry)
            if marked and known and known[1] != "Z" and (name is None or known[0].startswith(name[:15])):
                found.append(int(entry))
        return found

    def kill_all(self):
        for pid in self.processes():
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass

    def start(self, command, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(command, env=self.environment, cwd=self.directory, **options)

    def clrun(self, *arguments, program=None, **options):
        """clrun with --only-served, which spares the program the native platforms."""
        return self.start([CLRUN, "--only-served", *arguments, "--", *(program or [])], **options)

    def plain_line(self, *arguments, program):
        """The mpirun line that clrun --dry-run prints, as a shell command."""
        command = [CLRUN, "--only-served", "--dry-run", *arguments, "--", *program]
        return subprocess.run(
            command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT
        ).stdout

    def plain(self, *arguments, program, **options):
        return self.start(["sh", "-c", "exec env " + self.plain_line(*arguments, program=program)], **options)

    def finish(self, process, seconds=LIMIT):
        """(code as a shell shows it, output, error) once the process has ended. Not in `error` is what depends on this
        machine's cores, that there are more ranks."""
        output, error = process.communicate(timeout=seconds)
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        lines = (error or b"").decode().splitlines(keepends=True)
        self.crowding = [line for line in lines if CROWDING.match(line)]
        return code, (output or b"").decode(), "".join(line for line in lines if line not in self.crowding)

    def assert_nothing_left(self, seconds=3.0):
        """No process and no directory of the job is there any more, after a grace that tests state."""
        end = time.monotonic() + seconds
        while True:
            left = [(pid, read_process(pid)) for pid in self.processes()]
            files = [name for name in os.listdir(self.directory) if name.startswith("clopencl-")]
            if not left and not files:
                return
            if time.monotonic() > end:
                self.fail(f"left behind: processes {left}, directories {files}")
            time.sleep(0.05)

    def wait_for_line(self, process, start):
        """Reads the process's output up to a line with this start, and returns that line's words."""
        while True:
            line = process.stdout.readline().decode()
            if not line:
                self.fail(f"no line {start!r}; standard error: {process.stderr.read().decode()}")
            if line.startswith(start):
                return line.split()

    def wait_for_process(self, name, count=1, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.processes(name)
            if len(found) >= count:
                return found
            time.sleep(0.02)
        self.fail(f"{name} does not start")
