"""Signals reach the program as they would without us, once each, and the program decides."""

import os
import pty
import select
import signal
import subprocess
import time
import unittest

from job_testing import CLRUN, ENDING, JobTest


class SentToClrun(JobTest):
    def test_default_action_ends_clrun_by_the_same_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT):
            with self.subTest(signal=number):
                process = self.clrun("-n", "2", program=[ENDING, "--ready", "sleep", "50"])
                self.wait_for_line(process, "ready")
                process.send_signal(number)
                process.communicate(timeout=10)
                self.assertEqual(process.returncode, -number)
                self.assert_nothing_left(seconds=0.3)

    def test_the_program_handles_them(self):
        process = self.clrun(program=[ENDING, "catch", "42"])
        self.wait_for_line(process, "ready")
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            process.send_signal(number)
            self.assertEqual(self.wait_for_line(process, "caught")[1], str(int(number)))
        process.send_signal(signal.SIGTERM)
        code, output, error = self.finish(process)
        self.assertEqual((code, output, error), (42, "caught 15\n", ""))
        self.assert_nothing_left(seconds=0.3)

    def test_sent_to_the_whole_group_it_arrives_once(self):
        process = self.clrun(program=[ENDING, "catch", "42"], start_new_session=True)
        self.wait_for_line(process, "ready")
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(self.wait_for_line(process, "caught")[1], "2")
            time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        code, output, _ = self.finish(process)
        self.assertEqual((code, output), (42, "caught 15\n"))

    def test_before_the_program_starts(self):
        process = self.clrun(program=[ENDING, "--ready", "sleep", "50"])
        self.wait_for_process("mpirun")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assert_nothing_left(seconds=0.3)


class Sessions(JobTest):
    def assert_sessions(self, *arguments, shared):
        process = self.clrun(*arguments, program=[ENDING, "--ready", "sleep", "50"])
        self.wait_for_line(process, "ready")
        others = self.processes("mpirun") + self.processes("clopencl-rankserver")
        self.assertGreaterEqual(len(others), 2)
        for pid in others:
            self.assertEqual(os.getsid(pid) == os.getsid(process.pid), shared)
            self.assertNotEqual(os.getpgid(pid), os.getpgid(process.pid), "the terminal's signals are the program's")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)

    def test_ranks_that_share_cores_share_a_session(self):
        """Linux shares out cores by session, and a yield gives nothing to another one."""
        self.assert_sessions("-n", "2", "-d", "cpu", "--reserve-cores", "0", shared=True)

    @unittest.skipIf(os.cpu_count() < 2, "one core is always shared")
    def test_ranks_with_cores_of_their_own_have_one_apart(self):
        self.assert_sessions("-d", "cpu:0", shared=False)

    def test_the_program_does_not_bear_the_mark_by_which_leftovers_are_found(self):
        process = self.clrun(program=["sh", "-c", "echo mark=$CLOPENCL_JOB"])
        self.assertEqual(self.finish(process)[:2], (0, "mark=\n"))


class SentToMpirun(JobTest):
    def test_they_are_passed_on(self):
        process = self.plain(program=[ENDING, "catch", "42"])
        self.wait_for_line(process, "ready")
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(self.wait_for_line(process, "caught")[1], "10")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.wait_for_line(process, "caught")[1], "15")
        process.communicate(timeout=10)
        self.assertNotEqual(process.returncode, 0)
        self.assert_nothing_left()


class OnATerminal(JobTest):
    """clrun as the foreground job of an interactive shell on a pseudo-terminal."""

    def open_shell(self):
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(self.directory)
            os.environ.update(self.environment, PS1="$ ", TERM="dumb", HISTFILE="/dev/null")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.addCleanup(os.close, self.terminal)
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        self.seen = ""

    def type(self, text):
        os.write(self.terminal, text.encode())

    def expect(self, text, seconds=30):
        """Waits until `text` shows after what was expected before."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            if not ready:
                self.fail(f"{text!r} does not show in {self.seen!r}")
            self.seen += os.read(self.terminal, 4096).decode(errors="replace")
        self.seen = self.seen[self.seen.index(text) + len(text) :]

    def test_ctrl_c_arrives_once_and_the_program_decides(self):
        self.open_shell()
        self.type(f"{CLRUN} --only-served {ENDING} catch 42\n")
        self.expect("\nready ")
        for _ in range(2):
            self.type("\x03")
            self.expect("caught 2")
            time.sleep(0.3)
            self.assertNotIn("caught", self.seen)
        self.type("\x1a")
        self.expect("Stopped")
        self.type("kill -TERM %1; fg\n")
        self.expect("caught 15")
        self.type("echo code=$?\n")
        self.expect("\ncode=42")

    def test_ctrl_c_ends_a_script_that_runs_clrun(self):
        self.open_shell()
        self.type(f"bash -c '{CLRUN} --only-served {ENDING} --ready sleep 50; echo not${{EMPTY}}reached'\n")
        self.expect("\nready ")
        self.type("\x03")
        self.expect("$ ")
        self.type("echo code=$?\n")
        self.expect("\ncode=130")
        self.assertNotIn("notreached", self.seen)

    def test_stop_and_go_on(self):
        self.open_shell()
        self.type(f"{CLRUN} --only-served {ENDING} --ready sleep 2\n")
        self.expect("\nready ")
        self.type("\x1a")
        self.expect("Stopped")
        self.type("fg; echo code=$?\n")
        self.expect("\ncode=0")

    def test_the_terminal_is_the_programs(self):
        self.open_shell()
        check = "import os,sys; print([os.isatty(i) for i in range(3)], open(\"/dev/tty\").read(2) == \"y\\n\")"
        self.type(f"{CLRUN} --only-served python3 -c '{check}'\n")
        time.sleep(1.0)
        self.type("y\n")
        self.expect("[True, True, True] True")


class NoHangup(JobTest):
    def test_an_ignored_signal_stays_ignored(self):
        process = self.start(
            ["nohup", CLRUN, "--only-served", ENDING, "--ready", "sleep", "2"], stderr=subprocess.STDOUT
        )
        self.wait_for_line(process, "ready")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(self.finish(process)[0], 0)


if __name__ == "__main__":
    unittest.main()
