"""The job scripts of launch/pbs as PBS runs them: a copy of the script, PBS's environment and nodes.

There is no PBS here. The environment and the node files are those of jobs under OpenPBS 23.06, with other host
names; the nodes are this machine under other names, and pbs_tmrsh is a stand-in (tests/support/pbs_tmrsh).
"""

import os
import re
import shutil
import subprocess
import sys
import unittest

from job_testing import BIN, ENDING, JobTest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SUPPORT = os.path.join(ROOT, "tests", "support")
SCRIPTS = os.path.join(ROOT, "launch", "pbs")
sys.path.insert(0, SUPPORT)

from slurm_cluster import can_rename_hosts  # noqa: E402

AS_HOST = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"']


class Pbs(JobTest):
    def setUp(self):
        super().setUp()
        if not can_rename_hosts():
            self.skipTest("this kernel lets no process have a host name of its own (unshare --uts)")
        # Other runs of the tests on this machine have other names.
        self.nodes = [f"p{os.getpid()}n{number}" for number in (1, 2)]

    def recorded_environment(self):
        with open(os.path.join(HERE, "samples", "openpbs.environment")) as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file)

    def start_job(self, script, *arguments, processes=(1, 1), **variables):
        """As `qsub -l select=1:mpiprocs=M+1:mpiprocs=N -v VARIABLES script` from the root of the project."""
        node_file = os.path.join(self.directory, "nodes")
        with open(node_file, "w") as file:
            file.writelines(f"{node}\n" for node, count in zip(self.nodes, processes) for _ in range(count))
        path = os.path.join(self.directory, "17.pbs.SC")
        shutil.copy(os.path.join(SCRIPTS, script), path)
        plain_path = os.environ["PATH"]
        self.environment.update(
            self.recorded_environment(),
            PATH=f"{SUPPORT}:{plain_path}",
            PBS_STAND_IN_PATH=plain_path,
            PBS_JOBID="17.pbs",
            PBS_NODEFILE=node_file,
            PBS_O_WORKDIR=ROOT,
            CLOPENCL_BIN=BIN,
            OMPI_ALLOW_RUN_AS_ROOT="1",
            OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
            OMPI_MCA_oob_tcp_if_include="lo",
            OMPI_MCA_btl_tcp_if_include="lo",
            **variables,
        )
        return self.start([*AS_HOST, self.nodes[0], "bash", path, *arguments])

    def nodes_that_computed(self, output):
        return re.findall(r"(?m)^\d+ +(\S+) .* CPU +[1-9]", output)

    def test_matmul_without_tm_reaches_both_nodes(self):
        code, output, error = self.finish(self.start_job("matmul.pbs", MATMUL_OPTIONS="--n 512"))
        self.assertEqual(code, 0, output + error)
        self.assertIn("correct: all 262144 entries", output)
        self.assertEqual(sorted(self.nodes_that_computed(output)), self.nodes)
        self.assert_nothing_left()

    def test_lines_of_the_node_file_are_ranks(self):
        command = f"--devices cpu*4 '{ENDING}' --ready return 7"
        job = self.start_job("run.pbs", CLRUN=command, processes=(1, 2))
        code, output, error = self.finish(job)
        self.assertEqual(code, 7, output + error)
        places = re.findall(r"(?m)^(\S+) +([0-9]) +(\S+ .*) (?:cpu|-) ", error)
        self.assertEqual([place[:2] for place in places],
                         [(self.nodes[0], "0"), (self.nodes[1], "1"), (self.nodes[1], "2")], error)
        self.assert_nothing_left()

    def test_plain_mpirun(self):
        program = os.path.join(BIN, "clopencl-matmul")
        job = self.start_job("mpirun.pbs", program, "--n", "512", processes=(1, 2))
        code, output, error = self.finish(job)
        self.assertEqual(code, 0, output + error)
        self.assertEqual(self.nodes_that_computed(output), [self.nodes[1]] * 2)
        self.assert_nothing_left()

    def shell(self, commands, **variables):
        """What the commands write, after launch/pbs/clopencl.sh."""
        done = subprocess.run(
            ["bash", "-euc", f"here={SCRIPTS}; source $here/clopencl.sh; {commands}"],
            env=dict(self.environment, **variables), check=True, capture_output=True, text=True, timeout=20,
        )
        return done.stdout

    def test_hostfiles_for_mpirun_always_say_slots(self):
        path = os.path.join(HERE, "samples", "openpbs-mpiprocs.nodes")
        self.assertEqual(self.shell("mpi_hostfile", PBS_NODEFILE=path), "node1 slots=1\nnode2 slots=2\n")
        path = os.path.join(HERE, "samples", "openpbs-two-chunks.nodes")
        self.assertEqual(self.shell("mpi_hostfile", PBS_NODEFILE=path), "node1 slots=1\nnode2 slots=1\n")

    def test_an_mpi_with_tm_starts_daemons_itself(self):
        for component, agent in (("tm", ""), ("rsh", f"{SCRIPTS}/tmrsh-agent")):
            listing = f"echo mca:plm:{component}:version:component:4.1.4; seq 100000"
            for name, text in (("mpirun", ""), ("ompi_info", listing)):
                path = os.path.join(self.directory, name)
                with open(path, "w") as file:
                    file.write(f"#!/bin/sh\n{text}\n")
                os.chmod(path, 0o755)
            shown = self.shell(
                'prepare_mpi; echo "${OMPI_MCA_plm_rsh_agent:-}"',
                PATH=f"{SUPPORT}:{os.environ['PATH']}",
                CLOPENCL_MPIRUN=os.path.join(self.directory, "mpirun"),
            )
            self.assertEqual(shown.strip(), agent)


if __name__ == "__main__":
    unittest.main()
