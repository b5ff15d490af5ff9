#!/usr/bin/env python3
"""pyopencl: mapped buffers, images, callbacks, binaries, shared virtual memory, profiling."""

import threading

import numpy
import pyopencl

from common import expect, finish, make_context, show, show_array

SOURCE = """
kernel void twice(global float *data) { data[get_global_id(0)] *= 2; }
kernel void negate2d(read_only image2d_t from, write_only image2d_t to) {
  const sampler_t sampler = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_NONE | CLK_FILTER_NEAREST;
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  write_imagef(to, at, -read_imagef(from, sampler, at));
}
"""
FLAGS = pyopencl.mem_flags


def maps(context, queue, program):
    host = numpy.arange(10000, dtype=numpy.float32)
    buffer = pyopencl.Buffer(context, FLAGS.READ_WRITE | FLAGS.COPY_HOST_PTR, hostbuf=host)
    program.twice(queue, host.shape, None, buffer)
    both = pyopencl.map_flags.READ | pyopencl.map_flags.WRITE
    mapped, event = pyopencl.enqueue_map_buffer(queue, buffer, both, 0, host.shape, host.dtype, is_blocking=False)
    event.wait()
    expect((mapped == 2 * host).all(), "mapped after a kernel")
    mapped[:] = 1.5
    mapped.base.release(queue).wait()
    program.twice(queue, host.shape, None, buffer)
    result = numpy.empty_like(host)
    pyopencl.enqueue_copy(queue, result, buffer)
    expect((result == 3).all(), "written while mapped")
    part, _ = pyopencl.enqueue_map_buffer(queue, buffer, pyopencl.map_flags.READ, 4000, (100,), host.dtype)
    expect((part == 3).all(), "part of a buffer")
    part.base.release(queue).wait()


def images(context, queue, program):
    host = numpy.random.default_rng(3).random((48, 64, 4)).astype(numpy.float32)
    source = pyopencl.image_from_array(context, host, 4)
    target = pyopencl.Image(context, FLAGS.READ_WRITE, source.format, shape=(64, 48))
    program.negate2d(queue, (64, 48), None, source, target)
    result = numpy.empty_like(host)
    pyopencl.enqueue_copy(queue, result, target, origin=(0, 0), region=(64, 48))
    expect((result == -host).all(), "image")
    show_array("image's bytes", result)
    show("image formats", len(pyopencl.get_supported_image_formats(context, FLAGS.READ_WRITE,
                                                                   pyopencl.mem_object_type.IMAGE2D)))


def events(context, queue, program):
    host = numpy.ones(1000, dtype=numpy.float32)
    buffer = pyopencl.Buffer(context, FLAGS.READ_WRITE | FLAGS.COPY_HOST_PTR, hostbuf=host)
    gate = pyopencl.UserEvent(context)
    event = program.twice(queue, host.shape, None, buffer, wait_for=[gate])
    called = threading.Event()
    event.set_callback(pyopencl.command_execution_status.COMPLETE, lambda status: called.set())
    queue.flush()
    expect(not called.is_set(), "no callback yet")
    gate.set_status(pyopencl.command_execution_status.COMPLETE)
    expect(called.wait(20), "callback")
    event.wait()
    profile = event.profile
    expect(profile.queued <= profile.submit <= profile.start <= profile.end, "profiling")


def binaries(context, queue, program):
    binary = program.get_info(pyopencl.program_info.BINARIES)[0]
    again = pyopencl.Program(context, context.devices, [binary]).build()
    host = numpy.ones(100, dtype=numpy.float32)
    buffer = pyopencl.Buffer(context, FLAGS.READ_WRITE | FLAGS.COPY_HOST_PTR, hostbuf=host)
    again.twice(queue, host.shape, None, buffer)
    pyopencl.enqueue_copy(queue, host, buffer)
    expect((host == 2).all(), "program out of its binary")
    try:
        pyopencl.Program(context, "kernel void broken( {").build()
        expect(False, "broken program is refused")
    except pyopencl.RuntimeError as error:
        expect(error.code == pyopencl.status_code.BUILD_PROGRAM_FAILURE, "broken program is refused")


def shared_memory(context, queue, program):
    capabilities = context.devices[0].svm_capabilities
    if not capabilities & pyopencl.device_svm_capabilities.COARSE_GRAIN_BUFFER:
        show("shared virtual memory", "not there")
        return
    array = pyopencl.csvm_empty(context, 1000, numpy.float32)
    with pyopencl.SVM(array).map_rw(queue) as mapped:
        mapped[:] = 4
    program.twice(queue, (1000,), None, pyopencl.SVM(array))
    with pyopencl.SVM(array).map_ro(queue) as mapped:
        expect((mapped == 8).all(), "shared virtual memory")


def main():
    context = make_context()
    queue = pyopencl.CommandQueue(context, properties=pyopencl.command_queue_properties.PROFILING_ENABLE)
    program = pyopencl.Program(context, SOURCE).build()
    maps(context, queue, program)
    if context.devices[0].image_support:
        images(context, queue, program)
    events(context, queue, program)
    binaries(context, queue, program)
    shared_memory(context, queue, program)
    finish()


if __name__ == "__main__":
    main()
