"""A part of the job is killed: all of it goes within seconds, with a message that says what happened."""

import os
import signal
import unittest

from job_testing import ENDING, JobTest

SLEEP = [ENDING, "--ready", "sleep", "50"]


class Deaths(JobTest):
    def start_job(self, program=None):
        process = self.clrun("-n", "2", program=program or SLEEP)
        self.program_pid = int(self.wait_for_line(process, "ready")[1])
        return process

    def test_a_rank_server_is_killed(self):
        process = self.start_job()
        os.kill(self.processes("clopencl-rankserver")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertEqual(code, 137, error)
        self.assertRegex(error, r"rank server rank [12] \(\S+: \w+ .+\) was ended by signal 9 \(Killed\)")
        self.assert_nothing_left(seconds=0.3)

    def test_a_rank_server_is_killed_before_the_program_joins(self):
        process = self.clrun("-n", "2", program=[ENDING, "--no-opencl", "--ready", "sleep", "50"])
        self.wait_for_line(process, "ready")
        os.kill(self.wait_for_process("clopencl-rankserver", 2)[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertEqual(code, 137, error)
        # mpirun does not always name a rank that has not joined.
        self.assertRegex(error, r"(rank server rank [12] .+|: a rank) was ended by signal 9")
        self.assert_nothing_left(seconds=0.3)

    def test_a_rank_server_is_killed_under_plain_mpirun(self):
        process = self.plain("-n", "2", program=SLEEP)
        self.wait_for_line(process, "ready")
        os.kill(self.processes("clopencl-rankserver")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertNotEqual(code, 0)
        self.assertRegex(error, r"rank [12]")
        self.assert_nothing_left()

    def test_clrun_is_killed(self):
        script = f"{ENDING} --ready sleep 50 & sleep 50 & wait"
        process = self.start_job(["sh", "-c", script])
        process.kill()
        process.wait()
        self.assert_nothing_left(seconds=2.5)

    def test_mpirun_is_killed(self):
        process = self.start_job()
        os.kill(self.processes("mpirun")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertEqual(code, 137, error)
        self.assertIn("mpirun", error)
        self.assert_nothing_left(seconds=0.3)

    def test_the_launcher_is_killed(self):
        process = self.start_job()
        os.kill(self.processes("clopencl-launcher")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertEqual(code, 137, error)
        self.assertIn("rank 0", error)
        self.assert_nothing_left(seconds=0.3)

    def test_the_launcher_is_killed_under_plain_mpirun(self):
        process = self.plain("-n", "2", program=["sh", "-c", f"{ENDING} --ready sleep 50 & sleep 50 & wait"])
        self.wait_for_line(process, "ready")
        os.kill(self.processes("clopencl-launcher")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertEqual(code, 137, error)
        self.assert_nothing_left()

    def test_the_program_ignores_the_end_of_its_job(self):
        program = [ENDING, "--ready", "exec", "sh", "-c", "trap '' TERM HUP INT; sleep 50; sleep 50"]
        process = self.start_job(program)
        os.kill(self.processes("clopencl-rankserver")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=10)
        self.assertEqual(code, 137, error)
        self.assert_nothing_left(seconds=0.3)


if __name__ == "__main__":
    unittest.main()
