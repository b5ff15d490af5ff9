"""Executes runs of clopencl-matmul through clrun, one after the other, and remembers their outcomes, so that a suite
that was stopped goes on where it was."""

import dataclasses
import json
import os
import shlex
import signal
import subprocess
import time

from scaling import offers

LATE = "times are not the model's"


class RunsError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Run:
    order: int
    scale: int
    combination: str
    schedule: str
    slice: int        # As run, already divided by the scale.
    repetition: int   # 0 is the warm-up where there is one.
    warm_up: bool = False

    @property
    def key(self):
        return f"{self.order}/{self.schedule}/{self.slice}/{self.combination}/{self.repetition}"

    @property
    def name(self):
        return f"n = {self.order} {self.schedule:8} {self.combination}"


class Journal:
    """The outcomes in a folder, a line each, appended as they come."""

    def __init__(self, folder, setting, fresh=False):
        self.path = os.path.join(folder, "runs.jsonl")
        self.outcomes = {}
        if fresh or not os.path.exists(self.path):
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(json.dumps({"setting": setting}) + "\n")
            return
        with open(self.path, encoding="utf-8") as file:
            text = file.read()
        if not text.endswith("\n"):
            # Stopped while it was being written.
            text = text[:text.rfind("\n") + 1]
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(text)
        lines = [json.loads(line) for line in text.splitlines()]
        if not lines or lines[0].get("setting") != setting:
            raise RunsError(f"{folder} holds runs of another cluster or model; choose another --out, or start over "
                            "with --fresh")
        self.outcomes = {line["key"]: line for line in lines[1:]}

    def add(self, outcome):
        self.outcomes[outcome["key"]] = outcome
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(outcome) + "\n")


class Runner:
    """`command_prefix`: what runs a command on the first host, `environment`: for all runs; `hosts`: offers.Host;
    `models`: order -> file for CLOPENCL_MODEL, empty without a model."""

    def __init__(self, folder, clrun, matmul, hosts, environment, command_prefix=(), models=None, clrun_arguments=()):
        self.folder = folder
        self.clrun = clrun
        self.matmul = matmul
        self.hosts = hosts
        self.environment = environment
        self.command_prefix = list(command_prefix)
        self.models = models or {}
        self.clrun_arguments = list(clrun_arguments)

    def command(self, run, hostfile, result):
        program = [self.matmul, "--n", str(run.order // run.scale), "--slice", str(run.slice), "--schedule",
                   run.schedule, "--json", result, "--progress", "off"]
        if self.models:
            program += ["--operands", "sparse"]
        return [self.clrun, "--hostfile", hostfile, *self.clrun_arguments, "--", *program]

    def variables(self, run):
        variables = {}
        if run.schedule == "shared":
            variables["CLOPENCL_MERGE"] = "1"
        if self.models:
            variables["CLOPENCL_MODEL"] = self.models[run.order]
        return variables

    def describe(self, run, hostfile, result):
        """The command for people: without the folders of this machine, and with the hostfile's contents."""
        with open(hostfile, encoding="utf-8") as file:
            hosts = "; ".join(line.strip() for line in file)
        words = [f"{name}={os.path.basename(value)}" for name, value in self.variables(run).items()]
        words += [os.path.basename(word) if os.path.isabs(word) else word
                  for word in self.command(run, hostfile, result)]
        return f"{shlex.join(words)}  (hostfile: {hosts})"

    def execute(self, run, limit):
        """The outcome: a dictionary with `seconds`, or with `error`."""
        hostfile = os.path.join(self.folder, "hostfile")
        result = os.path.join(self.folder, "last.json")
        with open(hostfile, "w", encoding="utf-8") as file:
            file.write(offers.hostfile_for(run.combination, self.hosts))
        if os.path.exists(result):
            os.remove(result)
        started = time.time()
        outcome = {"key": run.key, **dataclasses.asdict(run), "command": self.describe(run, hostfile, result)}
        code, said = self._run(run, hostfile, result, limit)
        outcome["late"] = LATE in said
        outcome["wall_seconds"] = round(time.time() - started, 3)
        if code is None:
            return outcome | {"error": f"took longer than {limit:.0f} s"}
        if code != 0 or not os.path.exists(result):
            return outcome | {"error": f"exit code {code}: " + " | ".join(said.strip().splitlines()[-4:])}
        with open(result, encoding="utf-8") as file:
            return outcome | _read_result(json.load(file), run)

    def _run(self, run, hostfile, result, limit):
        process = subprocess.Popen(self.command_prefix + self.command(run, hostfile, result),
                                   env={**self.environment, **self.variables(run)}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
        try:
            said, _ = process.communicate(timeout=limit)
            return process.returncode, said
        except subprocess.TimeoutExpired:
            return None, self._end(process)
        except BaseException:
            self._end(process)
            raise

    @staticmethod
    def _end(process):
        for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                pass
            try:
                return process.communicate(timeout=patience)[0]
            except subprocess.TimeoutExpired:
                continue
        return ""


def _read_result(result, run):
    devices = []
    for device in result["devices"]:
        times = device.get("device_seconds", {})
        devices.append({"host": device["host"], "name": device["name"], "type": device["type"],
                        "blocks": device["blocks"], "busy_seconds": device["busy_seconds"],
                        "kernel_seconds": times.get("kernel"), "bytes_written": device["bytes_written"],
                        "bytes_read": device["bytes_read"]})
    outcome = {"seconds": result["seconds"] * run.scale**2, "measured_seconds": result["seconds"],
               "setup_seconds": result["setup_seconds"], "verified": result["verified"] is True, "devices": devices}
    return outcome if outcome["verified"] else outcome | {"error": "the product was not verified"}
