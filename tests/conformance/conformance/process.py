"""Runs one command under watch: lines as they arrive, limits, and no process left behind (Linux)."""

import os
import pathlib
import selectors
import signal
import subprocess
import time
import uuid

_MARK = "CLOPENCL_CONFORMANCE_PROCESS"
_POLL_SECONDS = 0.1
_TERMINATION_GRACE_SECONDS = 5.0
_EXIT_GRACE_SECONDS = 2.0
_LOG_LIMIT_BYTES = 8 << 20


def _MarkedProcesses(mark):
    """Returns the ids of all living processes that inherited the mark, whatever group or session they chose."""
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for directory in pathlib.Path("/proc").iterdir():
        if not directory.name.isdigit() or int(directory.name) == os.getpid():
            continue
        try:
            environment = (directory / "environ").read_bytes().split(b"\0")
            state = (directory / "stat").read_bytes().rpartition(b")")[2].split()[0]
        except (OSError, IndexError):
            continue
        if wanted in environment and state not in (b"Z", b"X"):
            found.append(int(directory.name))
    return found


def _Signal(pid, number, group=False):
    try:
        (os.killpg if group else os.kill)(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


class _Log:
    """A log file that stops growing at a limit: some sub-tests print hundreds of megabytes."""

    def __init__(self, path):
        self._file = open(path, "wb")
        self._left = _LOG_LIMIT_BYTES

    def Write(self, data):
        if self._left <= 0:
            return
        self._file.write(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            self._file.write(b"\n[log cut here]\n")

    def Close(self):
        self._file.close()


class WatchedProcess:
    """A command with its standard output read line by line.

    After Run() returns, neither the command nor anything it started is alive. `stopped` then says why it
    was stopped (None when it ended by itself), `left_behind` how many processes outlived the command.
    """

    def __init__(self, command, environment, directory, output_log, error_log):
        self._command = command
        self._environment = dict(environment)
        self._mark = uuid.uuid4().hex
        self._environment[_MARK] = self._mark
        self._directory = directory
        self._output_log = output_log
        self._error_log = error_log
        self.exit_code = None
        self.stopped = None
        self.left_behind = 0

    def Run(self, on_line, must_stop):
        """Calls on_line(text, now) for every line and must_stop(now) often; a text from must_stop ends the command."""
        with open(self._error_log, "wb") as errors:
            process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                env=self._environment, cwd=self._directory, start_new_session=True)
        log = _Log(self._output_log)
        try:
            self._Follow(process, log, on_line, must_stop)
        finally:
            if process.poll() is None:
                self._Terminate(process)
            self.exit_code = process.wait()
            self.left_behind = self._Sweep(wait=self.stopped is None)
            process.stdout.close()
            log.Close()

    def _Follow(self, process, log, on_line, must_stop):
        pending = b""
        descriptor = process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            open_output = True
            ended_at = None
            while True:
                if open_output and selector.select(_POLL_SECONDS):
                    data = os.read(descriptor, 1 << 16)
                    log.Write(data)
                    now = time.monotonic()
                    *lines, pending = (pending + data).split(b"\n")
                    for line in lines:
                        on_line(line.decode("utf-8", "replace"), now)
                    if not data:
                        selector.unregister(descriptor)
                        open_output = False
                elif not open_output:
                    time.sleep(_POLL_SECONDS)
                now = time.monotonic()
                if process.poll() is not None:
                    # What the command started may hold the pipe open without ever writing to it.
                    ended_at = ended_at or now
                    if not open_output or now - ended_at > _EXIT_GRACE_SECONDS:
                        break
                self.stopped = must_stop(now)
                if self.stopped:
                    break
        if pending:
            on_line(pending.decode("utf-8", "replace"), time.monotonic())

    def _Terminate(self, process):
        """An MPI launcher needs the polite signal first: only it reaches what it started elsewhere."""
        _Signal(process.pid, signal.SIGTERM, group=True)
        try:
            process.wait(_TERMINATION_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        _Signal(process.pid, signal.SIGKILL, group=True)

    def _Sweep(self, wait):
        """Kills the survivors. `wait` gives those of a normal end a moment to leave by themselves."""
        survivors = _MarkedProcesses(self._mark)
        deadline = time.monotonic() + (_EXIT_GRACE_SECONDS if wait else 0.0)
        while survivors and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            survivors = _MarkedProcesses(self._mark)
        for pid in survivors:
            _Signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + _TERMINATION_GRACE_SECONDS
        while _MarkedProcesses(self._mark) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return len(survivors)
