#!/usr/bin/env python3
"""pyopencl.array: arithmetic, slices, views, random numbers, comparison with numpy."""

import numpy
import pyopencl
import pyopencl.array
import pyopencl.clmath
import pyopencl.clrandom

from common import expect, finish, make_context, show, show_array


def main():
    context = make_context()
    queue = pyopencl.CommandQueue(context)
    generator = numpy.random.default_rng(1)

    for dtype in (numpy.int32, numpy.uint8, numpy.int64, numpy.float32, numpy.float64):
        host_a = (generator.random(10007) * 100).astype(dtype)
        host_b = (generator.random(10007) * 100 + 1).astype(dtype)
        a = pyopencl.array.to_device(queue, host_a)
        b = pyopencl.array.to_device(queue, host_b)
        name = numpy.dtype(dtype).name
        expect(((a + b).get() == host_a + host_b).all(), f"{name} sum")
        expect(((a * b - a).get() == host_a * host_b - host_a).all(), f"{name} product")
        expect(numpy.allclose((2 * a + b * 3).get(), 2 * host_a + host_b * 3), f"{name} with scalars")
        show_array(f"{name} sum's bytes", (a + b).get())

    host = numpy.arange(1000, dtype=numpy.float32)
    device = pyopencl.array.to_device(queue, host)
    expect((device[100:200].get() == host[100:200]).all(), "slice")
    device[10:20] = 5
    host[10:20] = 5
    expect((device.get() == host).all(), "assigned slice")
    expect((device.reshape(10, 100).get() == host.reshape(10, 100)).all(), "reshape")
    expect((device.view(numpy.int32).get() == host.view(numpy.int32)).all(), "view")
    expect((device.astype(numpy.int32).get() == host.astype(numpy.int32)).all(), "type conversion")
    device.fill(3)
    expect((device.get() == 3).all(), "fill")
    expect((pyopencl.array.zeros(queue, 100, numpy.int32).get() == 0).all(), "zeros")
    steps = pyopencl.array.arange(queue, 0, 100, 3, dtype=numpy.int32)
    expect((steps.get() == numpy.arange(0, 100, 3)).all(), "range")

    order = generator.permutation(1000).astype(numpy.int32)
    source = pyopencl.array.to_device(queue, numpy.arange(1000, dtype=numpy.int32) * 2)
    taken = pyopencl.array.take(source, pyopencl.array.to_device(queue, order))
    expect((taken.get() == order * 2).all(), "take")

    angles = pyopencl.array.to_device(queue, numpy.linspace(0, 3, 1000, dtype=numpy.float32))
    expect(numpy.allclose(pyopencl.clmath.sin(angles).get(), numpy.sin(angles.get()), atol=1e-6), "sine")
    show_array("sine's bytes", pyopencl.clmath.sin(angles).get())

    numbers = pyopencl.clrandom.PhiloxGenerator(context, seed=7).uniform(queue, 10000, numpy.float32)
    show_array("random numbers", numbers.get())
    show("their mean", round(float(numbers.get().mean()), 6))
    finish()


if __name__ == "__main__":
    main()
