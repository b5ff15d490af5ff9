#!/usr/bin/env python3
"""Tests of the harness itself: what it must notice, and that it leaves nothing behind."""

import os
import pathlib
import sys
import tempfile
import time
import unittest

import comparison
import harness


def shell(script, timeout=20, **options):
    return harness.run(["/bin/sh", "-c", script], timeout, **options)


def alive(marker):
    """Whether a process with `marker` among its arguments is there."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if marker in harness.command_line(pid) and int(pid) != os.getpid():
            return True
    return False


class RunTest(unittest.TestCase):
    def test_output_and_exit_code(self):
        result = shell("echo out; echo err >&2; exit 3")
        self.assertEqual((result.exit_code, result.stdout, result.stderr), (3, "out\n", "err\n"))
        self.assertFalse(result.timed_out)
        self.assertEqual(result.leftovers, [])

    def test_signal_is_a_shells_code(self):
        self.assertEqual(shell("kill -ABRT $$").exit_code, 134)

    def test_stdin(self):
        self.assertEqual(shell("cat", stdin_text="two\nlines\n").stdout, "two\nlines\n")

    def test_environment_is_added_and_removed(self):
        os.environ["HARNESS_TEST"] = "before"
        self.assertEqual(shell("echo $HARNESS_TEST", env={"HARNESS_TEST": None}).stdout, "\n")
        self.assertEqual(shell("echo $HARNESS_TEST", env={"HARNESS_TEST": 5}).stdout, "5\n")

    def test_time_limit_kills_the_whole_tree(self):
        # A child in a session of its own, which is what process groups do not reach.
        start = time.monotonic()
        result = shell("setsid sleep 98761 & sleep 98762", timeout=1)
        self.assertTrue(result.timed_out)
        self.assertLess(time.monotonic() - start, 10)
        self.assertFalse(alive("98761") or alive("98762"))

    def test_time_limit_with_termination_ignored(self):
        result = shell("trap '' TERM; while :; do sleep 0.1; done", timeout=1)
        self.assertTrue(result.timed_out)
        self.assertEqual(result.exit_code, 137)

    def test_left_behind(self):
        result = shell("setsid sleep 98763 >/dev/null 2>&1 & exit 0")
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(len(result.leftovers), 1)
        self.assertIn("98763", result.leftovers[0])
        self.assertFalse(alive("98763"))

    def test_left_behind_by_a_dead_parent(self):
        result = shell("(setsid sh -c 'sleep 98764; true' &) ; exit 0")
        self.assertTrue(any("98764" in process for process in result.leftovers))
        self.assertFalse(alive("98764"))

    def test_gone_within_the_grace_is_not_left_behind(self):
        self.assertEqual(shell("setsid sleep 0.5 & exit 0").leftovers, [])

    def test_temporary_files_are_removed(self):
        folder = shell("echo $TMPDIR; touch $TMPDIR/file").stdout.strip()
        self.assertTrue(folder.startswith(tempfile.gettempdir()))
        self.assertFalse(os.path.exists(folder))


class ComparisonTest(unittest.TestCase):
    def differ(self, native, forwarded):
        return comparison.compare(native, forwarded)

    def test_equal(self):
        self.assertEqual(self.differ("a: 1\nb: 2\n", "a: 1\nb: 2\n"), [])

    def test_value_differs(self):
        self.assertEqual(self.differ("a: 1\nb: 2\n", "a: 1\nb: 3\n"), ["native    b: 2", "forwarded b: 3"])

    def test_line_missing_does_not_shift(self):
        self.assertEqual(self.differ("a: 1\nb: 2\nc: 3\n", "a: 1\nc: 3\n"), ["native    b: 2"])

    def test_line_too_many(self):
        self.assertEqual(self.differ("a: 1\n", "a: 1\nb: 2\n"), ["forwarded b: 2"])

    def test_order_matters(self):
        self.assertNotEqual(self.differ("a: 1\nb: 2\n", "b: 2\na: 1\n"), [])

    def test_many_lines_of_one_name(self):
        lines = [f"same: {number}" for number in range(100000)]
        start = time.monotonic()
        self.assertEqual(self.differ("\n".join(lines), "\n".join(lines)), [])
        other = lines[:50000] + ["same: other"] + lines[50001:]
        self.assertEqual(self.differ("\n".join(lines), "\n".join(other)),
                         ["native    same: 50000", "forwarded same: other"])
        self.assertLess(time.monotonic() - start, 10)

    def test_either_where_native_is_lax(self):
        native = "x/y: CL_SUCCESS [specification: CL_INVALID_VALUE or CL_INVALID_CONTEXT]\n"
        self.assertEqual(self.differ(native, native), [])
        self.assertEqual(self.differ(native, "x/y: CL_INVALID_VALUE\n"), [])
        self.assertEqual(self.differ(native, "x/y: CL_INVALID_CONTEXT\n"), [])
        other = "x/y: CL_INVALID_DEVICE [specification: CL_INVALID_VALUE]\n"
        self.assertNotEqual(self.differ(native, other), [])

    def test_not_lax_where_native_is_right(self):
        self.assertNotEqual(
            self.differ("x/y: CL_INVALID_VALUE\n", "x/y: CL_SUCCESS [specification: CL_INVALID_VALUE]\n"), [])

    def test_extensions(self):
        name = "device/CL_DEVICE_EXTENSIONS: "
        self.assertEqual(self.differ(name + "cl_khr_fp64 cl_khr_gl_sharing",
                                     name + "cl_khr_fp64 cl_khr_icd"), [])
        self.assertNotEqual(self.differ(name + "cl_khr_command_buffer", name + "cl_khr_icd"), [])
        self.assertNotEqual(self.differ(name + "cl_khr_fp64", name + "none"), [])

    def test_execution_capabilities(self):
        name = "device/CL_DEVICE_EXECUTION_CAPABILITIES: "
        both = name + "CL_EXEC_KERNEL CL_EXEC_NATIVE_KERNEL"
        self.assertEqual(self.differ(both, name + "CL_EXEC_KERNEL"), [])
        self.assertNotEqual(self.differ(both, name + "none"), [])

    def test_reference_counts(self):
        name = "context/CL_CONTEXT_REFERENCE_COUNT: "
        self.assertEqual(self.differ(name + "3", name + "1"), [])
        self.assertNotEqual(self.differ(name + "1", name + "2"), [])
        name = "context retained/CL_CONTEXT_REFERENCE_COUNT: "
        self.assertNotEqual(self.differ(name + "2", name + "1"), [])

    def test_platform_name(self):
        name = "platform/CL_PLATFORM_NAME: "
        self.assertEqual(self.differ(name + "Native", name + "Native (host)"), [])
        self.assertNotEqual(self.differ(name + "Native", name + "Other"), [])


class CommandLineTest(unittest.TestCase):
    def call(self, *arguments):
        script = pathlib.Path(__file__).with_name("harness.py")
        return harness.run([sys.executable, script, *arguments], 30)

    def test_native_passes(self):
        self.assertEqual(self.call("native", "--", "/bin/true").exit_code, 0)

    def test_native_fails(self):
        result = self.call("native", "--", "/bin/false")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("exit code 1 instead of 0", result.stdout)

    def test_expected_exit_code(self):
        self.assertEqual(self.call("native", "--exit-code", "1", "--", "/bin/false").exit_code, 0)
        self.assertEqual(self.call("native", "--exit-code", "1", "--", "/bin/true").exit_code, 1)

    def test_skipped(self):
        self.assertEqual(self.call("native", "--", "/bin/sh", "-c", "echo why >&2; exit 77").exit_code, 77)

    def test_time_limit(self):
        result = self.call("native", "--timeout", "1", "--", "/bin/sleep", "60")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("ran past its time limit", result.stdout)

    def test_left_behind(self):
        result = self.call("native", "--", "/bin/sh", "-c", "setsid sleep 98765 & exit 0")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("left processes behind", result.stdout)

    def test_usage(self):
        self.assertEqual(self.call("native").exit_code, 2)
        self.assertEqual(self.call("native", "--", "/no/such/program").exit_code, 2)


class ProcessorsTest(unittest.TestCase):
    def test_lists(self):
        self.assertEqual(harness.parse_cpus("0-2,5"), {0, 1, 2, 5})
        self.assertEqual(harness.parse_cpus("7"), {7})
        self.assertEqual(harness.parse_cpus(""), set())


if __name__ == "__main__":
    unittest.main()
