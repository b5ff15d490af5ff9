"""However a program ends: clrun (and plain mpirun, wherever MPI lets us) ends with its code, and no process and no
directory of the job stays."""

import os
import signal
import time
import unittest

from job_testing import CRASH_AT_END, ENDING, JobTest

# (arguments of the test program, code as a shell shows it)
ENDINGS = [
    (["return", "0"], 0),
    (["return", "3"], 3),
    (["exit", "0"], 0),
    (["exit", "5"], 5),
    (["_exit", "0"], 0),
    (["_exit", "4"], 4),
    (["abort"], 134),
    (["kill", str(int(signal.SIGSEGV))], 139),
    (["kill", str(int(signal.SIGKILL))], 137),
    (["kill", str(int(signal.SIGTERM))], 143),
    (["exec", "sh", "-c", "exit 6"], 6),
]


class UnderClrun(JobTest):
    def check_all(self, extra):
        for arguments, code in ENDINGS:
            with self.subTest(arguments=arguments):
                got, output, error = self.finish(self.clrun("-n", "2", program=[ENDING, *extra, *arguments]))
                self.assertEqual(got, code, error)
                self.assertEqual(output, "")
                # clrun waits for the job's processes, so that nothing may be left at all.
                self.assert_nothing_left(seconds=0.3)
                if code in (134, 137, 139):
                    self.assertIn(f"was ended by signal {code - 128}", error)
                    self.assertEqual(len(error.splitlines()), 1, error)
                else:
                    self.assertEqual(error, "")

    def test_program_that_used_opencl(self):
        self.check_all([])

    def test_program_that_never_calls_opencl(self):
        self.check_all(["--no-opencl"])

    def test_never_calling_opencl_costs_little(self):
        started = time.monotonic()
        self.assertEqual(self.finish(self.clrun("-n", "2", program=["true"]))[0], 0)
        self.assertLess(time.monotonic() - started, 5)

    def test_program_that_is_not_there(self):
        code, _, error = self.finish(self.clrun(program=["/nonexistent/program"]))
        self.assertEqual(code, 127)
        self.assertIn("/nonexistent/program", error)

    def test_program_that_can_not_be_run(self):
        code, _, error = self.finish(self.clrun(program=["/etc/passwd"]))
        self.assertEqual(code, 126)
        self.assertIn("/etc/passwd", error)


class MpirunThatCrashesAtTheEnd(JobTest):
    """Open MPI's does so now and then, with a stack trace and files left; the program has ended well before."""

    def setUp(self):
        super().setUp()
        self.crashed = os.path.join(self.directory, "crashed")
        mpirun = os.path.join(self.directory, "mpirun")
        with open(mpirun, "w") as file:
            file.write(f'#!/bin/sh\nLD_PRELOAD={CRASH_AT_END} exec mpirun "$@"\n')
        os.chmod(mpirun, 0o755)
        self.environment.update(CLOPENCL_MPIRUN=mpirun, CLOPENCL_TEST_CRASHED=self.crashed)

    def shared_memory(self):
        return {name for name in os.listdir("/dev/shm") if name.startswith("vader_segment.")}

    def check(self, program):
        before = self.shared_memory()
        self.assertEqual(self.finish(self.clrun("-n", "2", program=program)), (3, "", ""))
        self.assertTrue(os.path.exists(self.crashed), "mpirun did not crash")
        self.assert_nothing_left(seconds=0.3)
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("ompi.")], [])
        self.assertEqual(self.shared_memory() - before, set())

    def test_of_a_program_that_left_mpi(self):
        self.check([ENDING, "return", "3"])

    def test_of_a_program_that_did_not_leave_mpi(self):
        for _ in range(4):
            self.check([ENDING, "_exit", "3"])

    def test_of_a_program_that_never_calls_opencl(self):
        self.check(["sh", "-c", "sleep 0.7; exit 3"])


class UnderPlainMpirun(JobTest):
    def check_all(self, extra):
        for arguments, code in ENDINGS:
            with self.subTest(arguments=arguments):
                got, output, error = self.finish(self.plain("-n", "2", program=[ENDING, *extra, *arguments]))
                self.assertEqual(got, code, error)
                self.assertEqual(output, "")
                self.assert_nothing_left()

    def test_program_that_used_opencl(self):
        self.check_all([])

    def test_program_that_never_calls_opencl(self):
        self.check_all(["--no-opencl"])

    def test_arguments_arrive_unchanged(self):
        words = ["a b", ":", "$HOME", "it's", "", "--", "-n", "*"]
        program = ["python3", "-c", "import sys; print(sys.argv[1:])", *words]
        code, output, error = self.finish(self.plain(program=program))
        self.assertEqual(code, 0, error)
        self.assertEqual(output.strip(), str(words))


class SeveralPrograms(JobTest):
    SCRIPT = f"{ENDING} --ready return 0; echo one $?; {ENDING} --ready return 0; echo two $?"

    def check(self, process):
        code, output, error = self.finish(process)
        self.assertEqual(code, 0, error)
        lines = [line.split()[0] for line in output.splitlines()]
        self.assertEqual(lines, ["ready", "one", "ready", "two"])
        # One line of ours says why the second program sees no served devices.
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assert_nothing_left()

    def test_one_after_the_other_in_a_script(self):
        self.check(self.clrun(program=["sh", "-c", self.SCRIPT]))

    def test_one_after_the_other_under_plain_mpirun(self):
        self.check(self.plain(program=["sh", "-c", self.SCRIPT]))

    def test_script_goes_on_after_its_program_crashed(self):
        script = f"{ENDING} kill 11; echo crashed $?; sleep 4; echo end; exit 7"
        code, output, error = self.finish(self.clrun(program=["sh", "-c", script]))
        self.assertEqual(code, 7, error)
        self.assertEqual(output.splitlines(), ["crashed 139", "end"])
        self.assert_nothing_left(seconds=0.3)

    def test_at_the_same_time(self):
        script = f"{ENDING} sleep 1 & {ENDING} sleep 1 & wait; echo done"
        code, output, error = self.finish(self.clrun(program=["sh", "-c", script]))
        self.assertEqual((code, output), (0, "done\n"), error)
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assert_nothing_left()

    def test_clrun_inside_clrun(self):
        from job_testing import CLRUN

        program = [CLRUN, "--only-served", ENDING, "--ready", "return", "8"]
        code, output, error = self.finish(self.clrun(program=program))
        self.assertEqual(code, 8, error)
        self.assertTrue(output.startswith("ready"), output)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
