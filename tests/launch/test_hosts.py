"""Jobs over several hosts: who serves what, where the program runs, what it sees, and what clrun measures."""

import json
import os
import re
import subprocess
import sys

from hosts_testing import HostsTest, main
from job_testing import BIN, CLRUN, ENDING, LIMIT

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import comparison  # noqa: E402


class Selection(HostsTest):
    def list(self, *arguments):
        code, output, error = self.clrun_on(0, "--list", "--json", *arguments)
        self.assertEqual(code, 0, error)
        return json.loads(output)

    def check_error(self, text, *expected):
        code, output, error = self.clrun_on(0, "--hostfile", self.hostfile(text), "--list")
        self.assertEqual((code, output), (2, ""))
        for part in expected:
            self.assertIn(part.format(*self.names), error)

    def test_the_hostfile_decides_who_serves_what(self):
        plan = self.list("--hostfile", self.hostfile("{0} direct cpu\n{1} 2 cpu*3\n{2} cpu:0  # one CPU\n"))
        self.assertEqual(plan["rank_zero_node"], self.names[0])
        self.assertEqual([device["type"] for device in plan["direct"]], ["cpu"])
        self.assertEqual([server["node"] for server in plan["servers"]], [self.names[i] for i in (1, 1, 2)])
        self.assertEqual([server["rank"] for server in plan["servers"]], [1, 2, 3])
        self.assertEqual(plan["servers"][2]["cpus"], "0")

    def test_combination(self):
        plan = self.list("--hosts", ",".join(self.names), "--combo", "C,CC")
        self.assertEqual([server["node"] for server in plan["servers"]], [self.names[i] for i in (0, 1, 1)])
        plan = self.list("--hostfile", self.hostfile("{2}\n{0} cpu\n"), "--combo", "CC")
        self.assertEqual([server["node"] for server in plan["servers"]], [self.names[2]] * 2)

    def test_errors_name_the_line_and_what_the_node_has(self):
        self.check_error("{0} cpu\n{1} gpu:3\n", "hosts.txt, line 2: 'gpu:3'", "{1} has ")
        self.check_error("{0} cpu\n\n{1} cpu\n{2} cpu:4000\n", "hosts.txt, line 4: ", "{2} has no CPU 4000")
        self.check_error("{0} platform=Nonesuch\n{1}\n", "hosts.txt, line 1: ", "{0} has ")
        self.check_error("{0} cpu\n{1} direct cpu\n", "line 2", "only rank 0's host")

    def test_a_host_that_does_not_answer(self):
        code, _, error = self.clrun_on(0, "--hosts", f"{self.names[0]},nosuchhost", "--list")
        self.assertEqual(code, 1)
        self.assertIn("nosuchhost", error)


class Running(HostsTest):
    def platforms(self, *arguments):
        """The platforms' names that a program sees."""
        code, output, error = self.clrun_on(0, *arguments, "--", "clinfo", "--raw")
        self.assertEqual(code, 0, error)
        return sorted(set(re.findall(r"CL_PLATFORM_NAME\s+(.*\S)", output)))

    def test_direct_and_served_devices(self):
        portable = "Portable Computing Language"
        seen = self.platforms("--hostfile", self.hostfile("{0} direct cpu\n{1} cpu\n"))
        self.assertEqual(seen, [portable, f"{portable} ({self.names[1]})"])
        seen = self.platforms("--hostfile", self.hostfile("{0} cpu\n{1} cpu\n"))
        self.assertEqual(seen, [f"{portable} ({self.names[0]})", f"{portable} ({self.names[1]})"])

    def test_the_program_runs_where_it_should(self):
        both = ",".join(self.names[1:])
        for arguments, expected in (([], 1), (["--host-node", "here"], 0), (["--host-node", self.names[2]], 2)):
            with self.subTest(arguments=arguments):
                code, output, error = self.clrun_on(0, "--hosts", both, *arguments, "--", "sh", "-c", "hostname; exit 5")
                self.assertEqual((code, output), (5, self.names[expected] + "\n"), error)

    def test_dry_run_prints_a_line_that_works(self):
        program = ["sh", "-c", "hostname; clinfo --raw | grep -c CL_DEVICE_NAME; exit 6"]
        for arguments, expected in (([], 0), (["--host-node", self.names[1]], 1)):
            with self.subTest(arguments=arguments):
                code, line, error = self.clrun_on(0, "--dry-run", "--only-served", *self.all_hosts(), *arguments, "--", *program)
                self.assertEqual((code, error), (0, ""))
                code, output, error = self.finish(self.on(0, ["sh", "-c", line]))
                self.assertEqual((code, output.split()), (6, [self.names[expected], "3"]), error)

    def test_a_program_on_another_host_keeps_its_streams_and_code(self):
        data = os.urandom(300000).hex().encode()
        command = [CLRUN, "--hosts", ",".join(self.names[1:]), "--only-served", "--", "sh", "-c", "cat; echo e >&2; exit 3"]
        process = self.on(0, command, stdin=subprocess.PIPE)
        output, error = process.communicate(data, timeout=LIMIT)
        self.assertEqual(process.returncode, 3, error)
        self.assertTrue(output == data)
        self.assertIn(b"e\n", error)

    def test_nothing_is_left_anywhere(self):
        for mode in (["return", "0"], ["_exit", "4"], ["kill", "11"]):
            for where in ([], ["--host-node", self.names[1]]):
                with self.subTest(mode=mode, where=where):
                    code, _, error = self.clrun_on(0, *self.all_hosts(), "--only-served", *where, "--", ENDING, *mode)
                    self.assertEqual(code, int(mode[1]) + (128 if mode[0] == "kill" else 0), error)
                    self.assert_nothing_left(seconds=5)


class FiveHosts(HostsTest):
    COUNT = 5

    def test_matrix_product(self):
        code, output, error = self.clrun_on(0, *self.all_hosts(), "--only-served", "--transport", "tcp", "--",
                                            os.path.join(BIN, "clopencl-matmul"), "--n", "256", "--verify", "--json", "-")
        self.assertEqual(code, 0, error)
        self.assertEqual(len(json.loads(output)["devices"]), 5)

    def test_programs_give_the_native_results(self):
        # One platform, so that a context spans all hosts and its contents move from server to server.
        self.environment["CLOPENCL_MERGE"] = "1"
        for words in (["several_devices"], ["buffer_rects"], ["event_order"], ["threads"], ["kernel_printf"],
                      ["command_graph", "--seed", "3"]):
            program = [os.path.join(BIN, "tests", words[0]), *words[1:]]
            with self.subTest(program=words):
                native = subprocess.run(program, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=LIMIT)
                code, output, error = self.clrun_on(0, *self.all_hosts(), "--only-served", "--transport", "tcp", "--", *program)
                self.assertEqual(code, native.returncode, error)
                self.assertEqual(comparison.compare(native.stdout, output), [])


class Checks(HostsTest):
    def test_transport_check_measures_every_pair(self):
        code, output, error = self.clrun_on(0, "--check-transport", *self.all_hosts(), "--transport", "tcp")
        self.assertEqual(code, 0, error)
        rows = [line.split() for line in output.splitlines() if line.startswith(self.hosts.tag)]
        a, b, c = self.names
        self.assertEqual([row[:2] for row in rows], [[a, b], [a, c], [b, c]])
        for row in rows:
            self.assertGreater(float(row[2]), 0)
            self.assertGreater(float(row[3]), 0)

    def test_transport_check_where_a_host_is_not_reached(self):
        code, _, error = self.clrun_on(0, "--check-transport", "--hosts", f"{self.names[0]},nosuchhost")
        self.assertNotEqual(code, 0)
        self.assertIn("nosuchhost", error)

    def test_doctor_looks_at_every_host(self):
        code, output, error = self.clrun_on(0, "--doctor", "--hosts", ",".join(self.names))
        self.assertEqual(code, 0, output + error)
        for name in self.names:
            self.assertIn(f"\n{name}\n", "\n" + output)
        self.assertEqual(len(re.findall(r"ok +devices: .*cpu 0 \(", output)), 3, output)
        self.assertIn("MB/s", output)


if __name__ == "__main__":
    main()
