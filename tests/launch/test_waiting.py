"""What a job costs that waits on one machine: its processes sleep until somebody wakes them."""

import os
import time
import unittest

from job_testing import ENDING, JobTest, read_process

MOST_WAKES = 60  # A second and process; who looks by himself does so 125 times.


def wakes(pid):
    """How often the threads of a process slept so far."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    return total


class Waiting(JobTest):
    def assert_wakes_rarely(self, job, line, servers):
        self.wait_for_line(job, line)
        pids = self.processes("clopencl-test-e") + self.wait_for_process("clopencl-rankse", servers)
        self.assertEqual(len(pids), 1 + servers)
        time.sleep(1.5)
        before = {pid: wakes(pid) for pid in pids}
        start = time.monotonic()
        time.sleep(2)
        seconds = time.monotonic() - start
        for pid in pids:
            self.assertLess((wakes(pid) - before[pid]) / seconds, MOST_WAKES, read_process(pid))

    def test_for_a_command(self):
        job = self.clrun("-n", "2", program=[ENDING, "wait", "6"])
        self.assert_wakes_rarely(job, "waits", 2)
        code, _, error = self.finish(job)
        self.assertEqual((code, error), (0, ""))
        self.assert_nothing_left()

    def test_for_the_program(self):
        job = self.clrun("-n", "2", program=[ENDING, "--ready", "sleep", "6"])
        self.assert_wakes_rarely(job, "ready", 2)
        code, _, error = self.finish(job)
        self.assertEqual((code, error), (0, ""))
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
