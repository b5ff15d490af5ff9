// Sizes that follow from an image format (OpenCL 3.0, "5.3.1.1 Image Format Descriptor").
#pragma once

#include <CL/cl.h>

#include <cstddef>

namespace clopencl::frontend {

// Channels of an order; 0: unknown order.
size_t ChannelCount(cl_channel_order order);
// Bytes of one pixel; 0: no such combination.
size_t PixelSize(const cl_image_format& format);
// Whether the combination of order and type exists (its support by a device is another question).
bool IsValidFormat(const cl_image_format& format);

}  // namespace clopencl::frontend
