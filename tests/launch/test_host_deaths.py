"""A part of a job over several hosts dies, or a whole host: all of it ends within seconds, with a message that says
which rank, where, with what device, and why."""

import os
import signal
import time

from hosts_testing import HostsTest, main
from job_testing import BIN, CLRUN, ENDING

LOST = 20  # Seconds in which the loss of a host has ended the job.


class DeathsTest(HostsTest):
    def start_job(self, *arguments, program=("sleep", "60"), **options):
        command = [CLRUN, *self.all_hosts(), "--only-served", *arguments, "--", ENDING, "--ready", *program]
        process = self.on(0, command, **options)
        self.wait_for_line(process, "ready")
        return process

    def processes_on(self, host, name):
        inside = self.hosts.pids(host)
        return [pid for pid in self.processes(name) if pid in inside]


class Deaths(DeathsTest):
    def test_a_server_on_another_host_is_killed(self):
        process = self.start_job()
        os.kill(self.processes_on(2, "clopencl-rankserver")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=15)
        self.assertEqual(code, 137, error)
        self.assertRegex(error, rf"rank server rank 3 \({self.names[2]}: cpu .*\) was ended by signal 9")
        self.assert_nothing_left(seconds=5)

    def test_a_server_is_killed_while_the_program_is_elsewhere(self):
        process = self.start_job("--host-node", self.names[1])
        os.kill(self.processes_on(2, "clopencl-rankserver")[0], signal.SIGKILL)
        code, _, error = self.finish(process, seconds=15)
        self.assertEqual(code, 137, error)
        self.assertRegex(error, rf"rank server rank 3 \({self.names[2]}: cpu .*\) was ended by signal 9")
        self.assert_nothing_left(seconds=5)

    def test_rank_zero_is_killed(self):
        for where in (0, 1):
            with self.subTest(where=where):
                process = self.start_job("--host-node", self.names[where])
                os.kill(self.processes_on(where, "clopencl-launcher")[0], signal.SIGKILL)
                code, _, error = self.finish(process, seconds=15)
                self.assertEqual(code, 137, error)
                self.assertRegex(error, r"rank 0")
                self.assert_nothing_left(seconds=5)

    def test_clrun_is_killed(self):
        process = self.start_job()
        for pid in self.processes("clrun"):
            os.kill(pid, signal.SIGKILL)
        process.wait(10)
        self.assert_nothing_left(seconds=5)

    def test_interrupt(self):
        for where in (0, 1):
            with self.subTest(where=where):
                process = self.start_job("--host-node", self.names[where], start_new_session=True)
                os.killpg(process.pid, signal.SIGINT)
                code, _, error = self.finish(process, seconds=15)
                # As a shell shows it: ended by the signal.
                self.assertEqual(code, 130, error)
                self.assert_nothing_left(seconds=5)

    def test_termination(self):
        process = self.start_job("--host-node", self.names[1])
        os.kill(self.processes("clrun")[0], signal.SIGTERM)
        code, _, error = self.finish(process, seconds=15)
        self.assertEqual(code, 143, error)
        self.assert_nothing_left(seconds=5)


class LostHosts(DeathsTest):
    """The third host is lost."""

    def setUp(self):
        super().setUp()
        self.hosts.plug_in(2)

    def check_loss(self, process, expected):
        started = time.monotonic()
        code, _, error = self.finish(process, seconds=60)
        self.assertLess(time.monotonic() - started, LOST, error)
        self.assertNotEqual(code, 0)
        self.assertRegex(error, rf"the machine {self.names[2]} can't be reached any more, and with it {expected}")
        self.assert_nothing_left(seconds=LOST)

    def test_a_server_s_host_is_cut_off(self):
        process = self.start_job()
        self.hosts.cut_off(2)
        self.check_loss(process, r"rank 3 \(\S+: cpu ")

    def test_a_server_s_host_is_gone(self):
        process = self.start_job()
        self.hosts.power_off(2)
        self.check_loss(process, r"rank 3 \(\S+: cpu ")

    def test_the_program_s_host_is_cut_off(self):
        process = self.start_job("--host-node", self.names[2])
        self.hosts.cut_off(2)
        self.check_loss(process, r"rank 0 \(the program\), rank 3 \(\S+: cpu ")

    def test_a_server_s_host_is_cut_off_while_it_computes(self):
        matmul = os.path.join(BIN, "clopencl-matmul")
        process = self.on(0, [CLRUN, *self.all_hosts(), "--only-served", "--", matmul, "--n", "8192", "--slice", "512"])
        self.wait_for_process("clopencl-matmul")
        time.sleep(3)
        self.assertIsNone(process.poll())
        self.hosts.cut_off(2)
        self.check_loss(process, r"rank 3 \(\S+: cpu ")


if __name__ == "__main__":
    main()
