"""The scripts of slurm/, submitted as they are to a SLURM of several nodes."""

import os
import re
import unittest

from slurm_testing import BIN, CLRUN, ENDING, MATMUL, NODES, SlurmTest

SLEEP = ["--only-served", "--", ENDING, "--ready", "sleep", "100"]


class Batch(SlurmTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # SLURM looks for jobs beyond their limits, which are whole minutes, every 30 seconds; meanwhile the
        # other tests run.
        cls.limited = cls.sbatch("run.sbatch", *SLEEP, options=[f"--nodelist={NODES[2]},{NODES[3]}"])
        cls.limited.wait_for_output("ready")
        cls.cluster.run("scontrol", "update", f"JobId={cls.limited.number}", "EndTime=now+1")

    def rows(self, output):
        """The host of each device that computed blocks, as clopencl-matmul prints them."""
        return re.findall(r"(?m)^\d+ +(\S+) .* CPU +[1-9]", output)

    def assert_multiplied(self, job):
        state, code, output = job.wait()
        self.assertEqual((state, code), ("COMPLETED", "0:0"), output)
        self.assertIn("correct: all 262144 entries", output)
        nodes = job.nodes()
        self.assertEqual(len(nodes), 2)
        self.assertEqual(sorted(self.rows(output)), sorted(map(self.cluster.host_of, nodes)))
        self.assert_nothing_left(job)

    def test_matmul_runs_on_both_nodes(self):
        self.assert_multiplied(self.submit("matmul.sbatch", "--n", "512"))

    def test_srun_starts_the_ranks_where_slurm_has_pmix(self):
        self.assert_multiplied(self.submit("srun.sbatch", MATMUL, "--n", "512"))

    def test_ranks_that_srun_starts_divide_their_node(self):
        options = ["--oversubscribe", "--ntasks-per-node=3", "--gpus=3"]
        job = self.submit("srun.sbatch", ENDING, "--ready", "sleep", "100", options=options)
        job.wait_for_output("ready")
        first, second = job.nodes()
        servers = job.variables_of_servers("SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")
        given = {node: ",".join(numbers) for node, numbers in job.gpus().items()}
        places = (first, first, second, second, second)
        self.assertEqual(sorted(servers), sorted((node, given[node]) for node in places))
        cpus = [os.sched_getaffinity(pid) for pid in job.rank_servers() if job.node_of(pid) == first]
        if os.cpu_count() > 1:
            self.assertFalse(cpus[0] & cpus[1], cpus)
        self.cluster.run("scancel", job.number)
        state, _, output = job.wait(seconds=30)
        self.assertEqual(state, "CANCELLED", output)
        self.assert_nothing_left(job)

    def test_srun_passes_the_exit_code_on(self):
        job = self.submit("srun.sbatch", ENDING, "return", "7")
        state, code, output = job.wait()
        self.assertEqual((state, code), ("FAILED", "7:0"), output)
        self.assert_nothing_left(job)

    def test_other_ways_to_start_the_ranks(self):
        """Those that docs/schedulers.md tells."""
        script = self.cluster.path("ways.sh")
        with open(script, "w") as file:
            file.write(f"""#!/bin/sh
export PATH=$PATH:{BIN} HWLOC_COMPONENTS=-opencl,-gl OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
program='clopencl-launcher --only-served clopencl-matmul --n 256'
srun --mpi=pmix -N1 -n1 $program : -N1 -n2 clopencl-rankserver
mpirun --oversubscribe --bind-to none -np 1 $program : -np 3 --map-by node clopencl-rankserver
""")
        job = self.submit(script, options=["--nodes=2", "--exclusive"])
        state, _, output = job.wait()
        self.assertEqual(state, "COMPLETED", output)
        self.assertEqual(output.count("correct: all 65536 entries"), 2, output)
        self.assertEqual(len(self.rows(output)), 2 + 3, output)
        self.assert_nothing_left(job)

    def test_salloc_needs_no_script(self):
        folder = self.cluster.path("salloc.tmp")
        os.mkdir(folder)
        command = [CLRUN, "--only-served", "--", MATMUL, "--n", "256"]
        allocate = ["salloc", "--quiet", "--nodes=2", "--exclusive"]
        done = self.cluster.run(*allocate, *command, **dict(self.variables, TMPDIR=folder))
        self.assertIn("correct: all 65536 entries", done.stdout)
        self.assertEqual(len(self.rows(done.stdout)), 2, done.stdout)
        self.assertEqual(os.listdir(folder), [])

    def test_the_exit_code_is_the_programs(self):
        job = self.submit("run.sbatch", "--only-served", "--", ENDING, "return", "7")
        state, code, output = job.wait()
        self.assertEqual((state, code), ("FAILED", "7:0"), output)
        self.assert_nothing_left(job)

    def test_tasks_are_ranks_and_each_node_has_its_own_gpus(self):
        # Parts of nodes: three GPUs are two of one and one of the other.
        options = ["--oversubscribe", "--ntasks-per-node=2", "--gpus=3"]
        job = self.submit("run.sbatch", "--devices", "cpu*3", *SLEEP, options=options)
        job.wait_for_output("ready")
        first, second = job.nodes()
        servers = sorted(job.variables_of_servers("SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES"))
        given = job.gpus()
        self.assertEqual(sorted(map(len, given.values())), [1, 2])
        self.assertEqual(servers, sorted([(node, ",".join(given[node])) for node in (first, second, second)]))
        note = f"note: SLURM job {job.number} has [12] GPUs? of {first}, and OpenCL shows 0"
        self.assertRegex(job.output(), note)

    def test_one_task_is_too_few(self):
        job = self.submit("run.sbatch", *SLEEP, options=["--nodes=1", "--ntasks=1"])
        state, code, output = job.wait()
        self.assertEqual((state, code), ("FAILED", "2:0"), output)
        self.assertIn(f"SLURM job {job.number} has one task", output)

    def test_scancel_ends_all_of_it(self):
        job = self.submit("run.sbatch", *SLEEP)
        job.wait_for_output("ready")
        # Whole nodes come with all their GPUs, to the rank servers, too.
        servers = job.variables_of_servers("SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")
        self.assertEqual(sorted(servers), [(node, "0,1") for node in job.nodes()])
        self.cluster.run("scancel", job.number)
        state, _, output = job.wait(seconds=30)
        self.assertEqual(state, "CANCELLED", output)
        self.assertIn("CANCELLED", output)
        self.assert_nothing_left(job)

    def test_the_time_limit_ends_all_of_it(self):
        state, _, output = self.limited.wait()
        self.assertEqual(state, "TIMEOUT", output)
        self.assertIn("DUE TO TIME LIMIT", output)
        self.assert_nothing_left(self.limited)


if __name__ == "__main__":
    unittest.main()
