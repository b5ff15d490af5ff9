"""What the pyopencl scripts share: the device (TEST_PLATFORM, TEST_DEVICE) and lines of "name: value"."""

import os
import sys
import zlib

import numpy
import pyopencl


def choose_device():
    platform = pyopencl.get_platforms()[int(os.environ.get("TEST_PLATFORM", 0))]
    return platform.get_devices()[int(os.environ.get("TEST_DEVICE", 0))]


def make_context():
    return pyopencl.Context([choose_device()])


def show(name, value):
    print(f"{name}: {value}", flush=True)


def show_array(name, array):
    """The array's type, shape and a checksum of its bytes."""
    array = numpy.ascontiguousarray(array)
    show(name, f"{array.dtype} {array.shape} {zlib.crc32(array.tobytes()):08x}")


_failed = False


def expect(ok, name):
    global _failed
    _failed = _failed or not ok
    show(name, "ok" if ok else "WRONG")


def finish():
    sys.exit(1 if _failed else 0)
