"""The scripts of slurm/, submitted as they are to a SLURM of several nodes."""

import unittest

from slurm_testing import ENDING, NODES, SlurmTest

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

    def test_matmul_runs_on_both_nodes(self):
        job = self.submit("matmul.sbatch", "--n", "512")
        state, code, output = job.wait()
        self.assertEqual((state, code), ("COMPLETED", "0:0"), output)
        self.assertIn("correct: all 262144 entries", output)
        nodes = job.nodes()
        self.assertEqual(len(nodes), 2)
        for node in nodes:
            self.assertRegex(output, rf"(?m)^\d+ +{node} .* CPU +[1-9]", "no block was computed there")
        self.assert_nothing_left(job)

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
        self.assertRegex(job.output(), f"note: SLURM job {job.number} has [12] GPUs? of {first}, and OpenCL shows 0")

    def test_whole_nodes_come_with_all_their_gpus(self):
        job = self.submit("run.sbatch", *SLEEP)
        job.wait_for_output("ready")
        servers = job.variables_of_servers("SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")
        self.assertEqual(sorted(servers), [(node, "0,1") for node in job.nodes()])

    def test_one_task_is_too_few(self):
        job = self.submit("run.sbatch", *SLEEP, options=["--nodes=1", "--ntasks=1"])
        state, code, output = job.wait()
        self.assertEqual((state, code), ("FAILED", "2:0"), output)
        self.assertIn(f"SLURM job {job.number} has one task", output)

    def test_scancel_ends_all_of_it(self):
        job = self.submit("run.sbatch", *SLEEP)
        job.wait_for_output("ready")
        self.assertEqual(len(job.rank_servers()), 2)
        self.cluster.run("scancel", job.number)
        state, _, output = job.wait(seconds=15)
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
