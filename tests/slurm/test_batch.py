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
