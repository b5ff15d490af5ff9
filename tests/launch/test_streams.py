"""Standard input, output and error are the program's own: a pipe stays a pipe, no line is lost or mixed."""

import os
import subprocess
import tempfile
import unittest

from job_testing import CLRUN, ENDING, JobTest

WRITE_LINES = """
import os, sys
lines = int(sys.argv[1])
for start in range(0, lines, 1000):
    sys.stdout.write("".join(f"out {i} {'x' * (i % 60)}\\n" for i in range(start, start + 1000)))
    if len(sys.argv) > 2:
        sys.stdout.flush()
        sys.stderr.write("".join(f"err {i}\\n" for i in range(start, start + 1000)))
"""

DESCRIBE = (
    "import os, stat, sys;"
    "print([('tty' if os.isatty(i) else 'pipe' if stat.S_ISFIFO(os.fstat(i).st_mode) else 'other')"
    " for i in (0, 1, 2)])"
)


class UnderClrun(JobTest):
    def starter(self, program, **options):
        return self.clrun(program=program, **options)

    def test_a_million_lines(self):
        process = self.starter(["python3", "-c", WRITE_LINES, "1000000"])
        expected = "".join(f"out {i} {'x' * (i % 60)}\n" for i in range(1000000))
        code, output, error = self.finish(process)
        self.assertEqual((code, error), (0, ""))
        self.assertTrue(output == expected, "lines were lost, changed or mixed")

    def test_output_and_error_are_apart(self):
        code, output, error = self.finish(self.starter(["python3", "-c", WRITE_LINES, "100000", "both"]))
        self.assertEqual(code, 0)
        self.assertTrue(output == "".join(f"out {i} {'x' * (i % 60)}\n" for i in range(100000)))
        self.assertEqual([line for line in error.splitlines() if not line.startswith("err ")], [])
        self.assertTrue(error == "".join(f"err {i}\n" for i in range(100000)), "lines were lost, changed or mixed")

    def test_input_arrives_whole(self):
        data = os.urandom(20_000_000)
        process = self.starter(["cat"], stdin=subprocess.PIPE)
        output, error = process.communicate(data, timeout=60)
        self.assertEqual((process.returncode, error), (0, b""))
        self.assertTrue(output == data)

    def test_output_pipes_are_pipes(self):
        code, output, error = self.finish(self.starter(["python3", "-c", DESCRIBE], stdin=subprocess.PIPE))
        self.assertEqual(code, 0, error)
        self.assertIn("'pipe', 'pipe']", output)


class UnderClrunOnly(JobTest):
    def test_all_three_are_what_they_were(self):
        process = self.clrun(program=["python3", "-c", DESCRIBE], stdin=subprocess.PIPE)
        self.assertEqual(self.finish(process)[1], "['pipe', 'pipe', 'pipe']\n")

    def test_a_file_is_the_same_open_file(self):
        with tempfile.TemporaryFile(dir=self.directory) as file:
            file.write(b"before\n")
            file.flush()
            process = self.clrun(program=["sh", "-c", "echo one; echo two >&2"], stdout=file, stderr=file)
            self.assertEqual(process.wait(60), 0)
            file.seek(0)
            self.assertEqual(file.read(), b"before\none\ntwo\n")

    def test_reader_that_stops_early(self):
        command = f"{CLRUN} --only-served yes | head -1; echo ${{PIPESTATUS[0]}}"
        code, output, error = self.finish(self.start(["bash", "-c", command]))
        self.assertEqual((code, output, error), (0, "y\n141\n", ""))
        self.assert_nothing_left(seconds=0.3)

    def test_a_program_that_closes_its_output_lets_the_reader_go(self):
        process = self.clrun(program=["sh", "-c", "echo last; exec >&-; exec sleep 50"])
        self.assertEqual(process.stdout.read(), b"last\n")
        process.terminate()
        process.communicate(timeout=10)

    def test_further_descriptors_are_inherited(self):
        reader, writer = os.pipe()
        process = self.clrun(program=["sh", "-c", f"echo there >&{writer}"], pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as file:
            self.assertEqual(file.read(), "there\n")
        self.assertEqual(self.finish(process)[0], 0)

    def test_directory_umask_and_environment(self):
        self.environment["SOME_VARIABLE"] = "with spaces\nand lines"
        program = ["python3", "-c", "import os; print(os.getcwd(), os.umask(0), repr(os.environ['SOME_VARIABLE']))"]
        process = self.clrun(program=program, umask=0o027)
        expected = f"{os.path.realpath(self.directory)} {0o027} {'with spaces' + chr(10) + 'and lines'!r}\n"
        self.assertEqual(self.finish(process)[1], expected)

    def test_a_served_program_writes_into_a_pipe(self):
        process = self.clrun("-n", "2", program=[ENDING, "--ready", "return", "0"])
        code, output, error = self.finish(process)
        self.assertEqual((code, output[:6], error), (0, "ready ", ""))


class UnderPlainMpirun(UnderClrun):
    """The same checks through mpirun's own forwarding, for what can be had there."""

    def starter(self, program, **options):
        return self.plain(program=program, **options)


if __name__ == "__main__":
    unittest.main()
