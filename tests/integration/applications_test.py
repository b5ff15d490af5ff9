#!/usr/bin/env python3
"""Existing OpenCL programs, natively and under clrun: what they print must agree.

Each test names the Debian package that it needs and is skipped with that reason when it is not installed.
"""

import functools
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import comparison
import harness

SERVERS = (1, 2)
SCRIPTS = pathlib.Path(__file__).with_name("scripts")


def needs(program, package):
    reason = f"{program} is not installed (Debian package {package})"
    return unittest.skipUnless(shutil.which(program), reason)


@functools.cache
def python_with(*modules):
    """An interpreter that has the modules, or None: Debian's packages serve only Debian's own."""
    for interpreter in ("python3", "/usr/bin/python3"):
        path = shutil.which(interpreter)
        if path and subprocess.run([path, "-c", f"import {', '.join(modules)}"], capture_output=True,
                                   check=False).returncode == 0:
            return path
    return None


class ApplicationTest(unittest.TestCase):
    """Runs a command natively and on each rank server, and compares."""

    maxDiff = None
    timeout = 120

    def setUp(self):
        reason = harness.missing_for_forwarding()
        if reason:
            self.skipTest(reason)

    def succeed(self, result):
        wrong = harness.failures(result, 0)
        if wrong:
            self.fail("; ".join(wrong) + "\n" + result.describe())
        return result

    def compare(self, command, what_counts=lambda result: result.stdout, env=None, env_of_device=None):
        """`what_counts` takes a result and returns the lines to compare; `env_of_device` chooses a device."""
        choose = env_of_device or (lambda device: {"TEST_DEVICE": device})
        for servers in SERVERS:
            for device, cores in enumerate(harness.cpus_of_servers(servers)):
                with self.subTest(servers=servers, device=device):
                    native = self.succeed(harness.run_native(command, self.timeout, cores,
                                                             {**(env or {}), **choose(0)}))
                    forwarded = self.succeed(harness.run_forwarded(command, self.timeout, servers,
                                                                   {**(env or {}), **choose(device)}))
                    lines = what_counts(native)
                    self.assertTrue(lines.strip(), "the native run prints nothing to compare")
                    self.assertEqual(comparison.compare(lines, what_counts(forwarded)), [])


def flatten(prefix, value):
    """A value of clinfo's JSON as one line, in the form that comparison's rules know."""
    if isinstance(value, dict):
        lists = [member for member in value.values() if isinstance(member, list)]
        versions = [f"{name.replace(' ', '_')}={member['version']}" for name, member in value.items()
                    if isinstance(member, dict) and "version" in member]
        if lists:
            text = " ".join(lists[0]) or "none"
        elif versions or not value:
            text = " ".join(sorted(versions)) or "none"
        else:
            text = json.dumps(value, sort_keys=True)
    elif isinstance(value, str) and prefix.endswith("_EXTENSIONS"):
        text = " ".join(sorted(value.split()))
    else:
        text = json.dumps(value)
    return f"{prefix}: {text}".replace('"', "")


class ClinfoTest(ApplicationTest):
    @staticmethod
    def parse(result):
        document = json.loads(result.stdout)
        return document["platforms"], [device for group in document["devices"] for device in group["online"]]

    def lines(self, platform, device):
        return "\n".join([flatten(f"platform/{name}", value) for name, value in platform.items()] +
                         [flatten(f"device/{name}", value) for name, value in device.items()])

    @needs("clinfo", "clinfo")
    def test_value_by_value(self):
        for servers in SERVERS:
            pinned = harness.cpus_of_servers(servers)
            forwarded = self.succeed(harness.run_forwarded(["clinfo", "--json"], self.timeout, servers))
            platforms, devices = self.parse(forwarded)
            self.assertEqual(len(devices), servers)
            for device, cores in zip(devices, pinned):
                with self.subTest(servers=servers, cores=cores):
                    native = self.succeed(harness.run_native(["clinfo", "--json"], self.timeout, cores))
                    native_platforms, native_devices = self.parse(native)
                    self.assertEqual(comparison.compare(self.lines(native_platforms[0], native_devices[0]),
                                                        self.lines(platforms[0], device)), [])

    @needs("clinfo", "clinfo")
    def test_human_readable(self):
        # The behaviour of clGetPlatformIDs and clCreateContext with null arguments is at the end.
        result = self.succeed(harness.run_forwarded(["clinfo"], self.timeout, 1))
        self.assertIn("Number of platforms", result.stdout)
        self.assertIn("Number of devices", result.stdout)
        self.assertIn("clCreateContext(NULL, ...)", result.stdout)

    @needs("clinfo", "clinfo")
    def test_beside_native_platforms(self):
        command = ["clinfo", "--json"]
        native = self.parse(self.succeed(harness.run_native(command, self.timeout)))
        both = self.parse(self.succeed(harness.run_forwarded(command, self.timeout, 1, clrun_options=())))
        self.assertEqual(len(both[0]), len(native[0]) + 1)


class ClpeakTest(ApplicationTest):
    timeout = 280

    @staticmethod
    def without_numbers(result):
        """The names of what was measured: the figures are not the same twice."""
        lines = []
        for line in result.stdout.splitlines():
            if not line.startswith((" ", "Platform", "Device")):
                continue
            name = re.sub(r":\s*[0-9.e+-]+( us)?\s*$", ": number", line)
            lines.append(re.sub(r"^Platform: (.*?)( \(.*\))?$", r"Platform: \1", name).strip())
        return "\n".join(line for line in lines if not line.startswith(("Clock frequency", "Compute units")))

    @needs("clpeak", "clpeak")
    def test_runs_to_the_end(self):
        command = ["clpeak", "-p", "0", "-d", "0", "--global-bandwidth", "--transfer-bandwidth",
                   "--kernel-latency"]
        native = self.succeed(harness.run_native(command, self.timeout))
        forwarded = self.succeed(harness.run_forwarded(command, self.timeout, 1))
        lines = self.without_numbers(forwarded)
        self.assertIn("Kernel launch latency", lines)
        self.assertEqual(comparison.compare(self.without_numbers(native), lines), [])

    @needs("clpeak", "clpeak")
    def test_compute(self):
        command = ["clpeak", "-p", "0", "-d", "0", "--compute-sp", "--compute-integer"]
        forwarded = self.succeed(harness.run_forwarded(command, self.timeout, 1))
        self.assertIn("Single-precision compute", self.without_numbers(forwarded))


class PyopenclTest(ApplicationTest):
    timeout = 240

    def script(self, name, *modules):
        interpreter = python_with("numpy", "pyopencl", *modules)
        if interpreter is None:
            packages = ", ".join(f"python3-{module}" for module in ("pyopencl", *modules))
            self.skipTest(f"no Python with pyopencl (Debian packages {packages})")
        environment = {"PYOPENCL_NO_CACHE": "1", "PYTHONWARNINGS": "ignore"}
        self.compare([interpreter, SCRIPTS / name], env=environment)

    def test_arrays(self):
        self.script("pyopencl_arrays.py")

    def test_reductions(self):
        self.script("pyopencl_reductions.py", "mako")

    def test_maps_images_events(self):
        self.script("pyopencl_maps.py")


class FfmpegTest(ApplicationTest):
    """Filters of ffmpeg, compared frame by frame."""

    FILTERS = {
        "average blur": "avgblur_opencl=4",
        "box blur": "boxblur_opencl=luma_radius=3",
        "unsharp": "unsharp_opencl=luma_amount=1.5",
        "Sobel": "sobel_opencl",
        "Prewitt": "prewitt_opencl=scale=2",
        "Roberts": "roberts_opencl",
        "erosion": "erosion_opencl",
        "dilation": "dilation_opencl",
        "convolution": "convolution_opencl=-2 -1 0 -1 1 1 0 1 2",
        "transpose": "transpose_opencl=dir=clock",
        "pad": "pad_opencl=w=400:h=300:x=20:y=10:color=red",
        "non-local means": "nlmeans_opencl=s=3:p=3:r=5",
    }

    def frames(self, filters, device=0):
        return ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-init_hw_device",
                f"opencl=device:0.{device}", "-filter_hw_device", "device", "-f", "lavfi", "-i",
                "testsrc2=size=320x240:rate=10:duration=1", "-vf",
                f"format=yuv420p,hwupload,{filters},hwdownload,format=yuv420p", "-f", "framemd5", "-"]

    @needs("ffmpeg", "ffmpeg")
    def test_filters(self):
        for name, filters in self.FILTERS.items():
            with self.subTest(name):
                native = self.succeed(harness.run_native(self.frames(filters), self.timeout))
                forwarded = self.succeed(harness.run_forwarded(self.frames(filters), self.timeout, 1))
                self.assertGreater(len(native.stdout.splitlines()), 10)
                self.assertEqual(comparison.compare(native.stdout, forwarded.stdout), [])

    @needs("ffmpeg", "ffmpeg")
    def test_chain_on_the_second_server(self):
        chain = "avgblur_opencl=2,unsharp_opencl,transpose_opencl=dir=clock"
        native = self.succeed(harness.run_native(self.frames(chain), self.timeout))
        forwarded = self.succeed(harness.run_forwarded(self.frames(chain, 1), self.timeout, 2))
        self.assertEqual(comparison.compare(native.stdout, forwarded.stdout), [])


class HashcatTest(ApplicationTest):
    """hashcat finds the word to a known hash. The first time, its kernels may take minutes to build."""

    timeout = 600

    @needs("hashcat", "hashcat")
    def test_known_hash(self):
        with tempfile.TemporaryDirectory() as folder:
            words = pathlib.Path(folder, "words")
            words.write_text("alpha\nbeta\nhello\ngamma\n")
            for servers in (None, 1):
                found = pathlib.Path(folder, f"found{servers}")
                command = ["hashcat", "-m", "0", "-a", "0", "-D", "1,2", "--force", "--potfile-disable",
                           "--self-test-disable", "--outfile-format", "2", "-o", found,
                           "5d41402abc4b2a76b9719d911017c592", words]
                if servers is None:
                    result = harness.run_native(command, self.timeout)
                else:
                    result = harness.run_forwarded(command, self.timeout, servers)
                self.succeed(result)
                self.assertEqual(found.read_text().strip(), "hello")


class ClfftTest(ApplicationTest):
    """The client of clFFT compares its transforms with exact results itself."""

    timeout = 240

    @needs("clFFT-client", "clfft-client")
    def test_transforms(self):
        for shape in ("-x 1024 -b 4", "-x 100 -y 60", "-x 16 -y 16 -z 8 -o"):
            with self.subTest(shape):
                command = ["clFFT-client", "-a", "--platform", "0", "--device", "0", *shape.split()]
                for result in (harness.run_native(command, self.timeout),
                               harness.run_forwarded(command, self.timeout, 1)):
                    self.succeed(result)
                    self.assertIn("PASS", result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
