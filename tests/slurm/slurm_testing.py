"""What the tests under SLURM share: a cluster, jobs, and seeing that nothing of a job is left."""

import os
import re
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from slurm_cluster import (  # noqa: E402
    DAEMONS,
    PROGRAMS,
    SlurmCluster,
    environment_of,
    marked_processes,
    missing_parts,
    shared_memory_of,
)

BUILD = os.path.abspath(os.environ.get("CLOPENCL_BUILD", os.path.join(ROOT, "build")))
BIN = os.path.join(BUILD, "bin")
CLRUN = os.path.join(BIN, "clrun")
ENDING = os.path.join(BIN, "clopencl-test-ending")
MATMUL = os.path.join(BIN, "clopencl-matmul")
# Other runs of the tests on this machine have other names.
NODES = [f"s{os.getpid()}n{number}" for number in range(1, 5)]
LIMIT = 60
UNFINISHED = ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING")


class Job:
    """A batch job: what SLURM says of it, and what it wrote."""

    def __init__(self, cluster, number, folder):
        self.cluster = cluster
        self.number = number
        self.folder = folder

    def facts(self):
        text = self.cluster.run("scontrol", "show", "job", "-d", "-o", self.number).stdout
        return dict(word.split("=", 1) for word in text.split() if "=" in word)

    def nodes(self):
        return self.cluster.run("scontrol", "show", "hostnames", self.facts()["NodeList"]).stdout.split()

    def output(self):
        try:
            with open(f"{self.folder}/output", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait(self, seconds=LIMIT):
        """(state, exit code as SLURM shows it, output) once the job has ended on all nodes."""
        end = time.monotonic() + seconds
        while True:
            facts = self.facts()
            if facts["JobState"] not in UNFINISHED:
                return facts["JobState"], facts["ExitCode"], self.output()
            if time.monotonic() > end:
                what = f"job {self.number} does not end: {facts}"
                raise AssertionError(f"{what}\n{self.output()}\n{self.cluster.logs()}")
            time.sleep(0.1)

    def wait_for_output(self, pattern, seconds=LIMIT):
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.output())
            if found:
                return found
            if time.monotonic() > end or self.facts()["JobState"] not in UNFINISHED:
                raise AssertionError(f"job {self.number} does not write {pattern}:\n{self.output()}")
            time.sleep(0.1)

    def processes(self):
        """{pid: (name, command line)} of everything there is of this job, on all nodes."""
        found = {}
        for pid, (name, line) in marked_processes(self.cluster.mark).items():
            step = re.match(r"slurmstepd: \[(\d+)\.", line)
            job = step[1] if step else environment_of(pid).get("SLURM_JOB_ID")
            if name not in DAEMONS and job in (None, self.number):
                found[pid] = (name, line)
        return found

    def rank_servers(self):
        """Their pids."""
        return [pid for pid, (name, _) in self.processes().items() if name.startswith("clopencl-rank")]

    def node_of(self, pid):
        return environment_of(pid).get("SLURMD_NODENAME")

    def variables_of_servers(self, *names):
        """A tuple for each rank server: the values of these variables of its environment."""
        return [tuple(environment_of(pid).get(name) for name in names) for pid in self.rank_servers()]

    def gpus(self):
        """{node: the numbers of those of its GPUs that are the job's}."""
        text = self.cluster.run("scontrol", "show", "job", "-d", "-o", self.number).stdout
        found = {}
        for nodes, span in re.findall(r" Nodes=(\S+) .*?GRES=gpu:\d\(IDX:([\d,-]+)\)", text):
            numbers = [str(n) for part in span.split(",") for n in range(int(part[0]), int(part[-1]) + 1)]
            names = self.cluster.run("scontrol", "show", "hostnames", nodes).stdout.split()
            found.update({name: numbers for name in names})
        return found

    def left_behind(self):
        nodes = self.nodes()
        folders = [f"{self.folder}/tmp", *map(self.cluster.temporary_folder, nodes)]
        files = [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)]
        return [*self.processes().items(), *files, *shared_memory_of(nodes)]


class SlurmTest(unittest.TestCase):
    cluster: SlurmCluster

    @classmethod
    def setUpClass(cls):
        missing = missing_parts()
        if len(missing) == len(PROGRAMS):
            raise unittest.SkipTest("SLURM is not installed (launch/install-dependencies --tests does it)")
        if missing:
            raise AssertionError(f"SLURM is installed in part; missing: {', '.join(missing)}")
        cls.cluster = cls.enterClassContext(SlurmCluster(NODES))
        cls.submitted = 0
        cls.variables = {
            "CLOPENCL_BIN": BIN,
            # The nodes reach each other over loopback alone.
            "OMPI_MCA_oob_tcp_if_include": "lo",
            "OMPI_MCA_btl_tcp_if_include": "lo",
        }
        if not cls.cluster.renames_hosts:
            # Nodes of the same host name would take each other's shared memory for their own.
            cls.variables["OMPI_MCA_btl"] = "tcp,self"

    @classmethod
    def sbatch(cls, script, *arguments, options=(), **variables):
        """Submits a script of slurm/ as a user does."""
        cls.submitted += 1
        folder = cls.cluster.path(f"job.{cls.submitted}")
        os.makedirs(f"{folder}/tmp")
        path = os.path.join(ROOT, "slurm", script)
        command = ["sbatch", "--parsable", f"--output={folder}/output", *options, path, *arguments]
        variables = {**cls.variables, "TMPDIR": f"{folder}/tmp", **variables}
        return Job(cls.cluster, cls.cluster.run(*command, **variables).stdout.strip(), folder)

    def end_at_once(self, job):
        self.cluster.run("scancel", "--signal=KILL", "--full", job.number, check=False)

    def submit(self, *arguments, **options):
        """As sbatch(); the job ends with the test."""
        job = self.sbatch(*arguments, **options)
        self.addCleanup(self.end_at_once, job)
        return job

    def assert_nothing_left(self, job, seconds=5.0):
        end = time.monotonic() + seconds
        while left := job.left_behind():
            if time.monotonic() > end:
                self.fail(f"left behind: {left}")
            time.sleep(0.1)
