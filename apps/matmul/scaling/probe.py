#!/usr/bin/python3
"""What the driver costs in an OpenCL program: run by the suite as the program of a job, prints JSON."""

import ctypes
import json
import resource
import time

ALL = 0xFFFFFFFF


def resident():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def check(code, what):
    if code != 0:
        raise SystemExit(f"{what} failed with {code}")


def devices_of(cl):
    count = ctypes.c_uint()
    check(cl.clGetPlatformIDs(0, None, ctypes.byref(count)), "clGetPlatformIDs")
    platforms = (ctypes.c_void_p * count.value)()
    check(cl.clGetPlatformIDs(count, platforms, None), "clGetPlatformIDs")
    found = []
    for platform in platforms:
        number = ctypes.c_uint()
        check(cl.clGetDeviceIDs(ctypes.c_void_p(platform), ctypes.c_ulong(ALL), 0, None, ctypes.byref(number)),
              "clGetDeviceIDs")
        devices = (ctypes.c_void_p * number.value)()
        check(cl.clGetDeviceIDs(ctypes.c_void_p(platform), ctypes.c_ulong(ALL), number, devices, None), "clGetDeviceIDs")
        found += list(devices)
    return found


def use(cl, device):
    """A context, a queue and a buffer on the device; returns what writes and reads it."""
    error = ctypes.c_int()
    handle = ctypes.c_void_p(device)
    context = cl.clCreateContext(None, 1, ctypes.byref(handle), None, None, ctypes.byref(error))
    check(error.value, "clCreateContext")
    queue = cl.clCreateCommandQueue(context, handle, ctypes.c_ulong(0), ctypes.byref(error))
    check(error.value, "clCreateCommandQueue")
    buffer = cl.clCreateBuffer(context, ctypes.c_ulong(1), ctypes.c_size_t(4096), None, ctypes.byref(error))
    check(error.value, "clCreateBuffer")
    return queue, buffer


def round_trips(cl, used):
    data = (ctypes.c_char * 4096)()
    for queue, buffer in used:
        check(cl.clEnqueueWriteBuffer(queue, buffer, 1, ctypes.c_size_t(0), ctypes.c_size_t(4096), data, 0, None, None),
              "clEnqueueWriteBuffer")
        check(cl.clEnqueueReadBuffer(queue, buffer, 1, ctypes.c_size_t(0), ctypes.c_size_t(4096), data, 0, None, None),
              "clEnqueueReadBuffer")


def main():
    cl = ctypes.CDLL("libOpenCL.so.1")
    for name in ("clCreateContext", "clCreateCommandQueue", "clCreateBuffer"):
        getattr(cl, name).restype = ctypes.c_void_p
    for name in ("clEnqueueWriteBuffer", "clEnqueueReadBuffer"):
        getattr(cl, name).argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t,
                                      ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    cl.clCreateCommandQueue.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p]
    cl.clCreateBuffer.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]
    before = resident()
    started = time.monotonic()
    devices = devices_of(cl)
    joined = time.monotonic()
    resident_joined = resident()
    used = [use(cl, device) for device in devices]
    round_trips(cl, used)
    in_use = time.monotonic()
    turns = 5
    for _ in range(turns):
        round_trips(cl, used)
    measured = time.monotonic()
    processor = processor_seconds()
    time.sleep(1)
    print(json.dumps({
        "devices": len(devices), "join_seconds": joined - started, "first_use_seconds": in_use - joined,
        "round_trip_seconds": (measured - in_use) / turns / max(1, len(devices)) / 2,
        "memory_bytes": resident() - before, "memory_joined_bytes": resident_joined - before,
        "idle_processor": processor_seconds() - processor}))


if __name__ == "__main__":
    main()
