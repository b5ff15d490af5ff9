// Images and the host's own model of them: pixels of a fixed size in rows, slices and layers without padding.
#pragma once

#include <CL/cl.h>

#include <string>
#include <vector>

#include "support/device.h"
#include "support/rect.h"

namespace clopencl::programs {

struct ImageShape {
  cl_mem_object_type type = CL_MEM_OBJECT_IMAGE2D;
  size_t width = 1;
  size_t height = 1;  // of 1D images 1, of 1D arrays the number of layers
  size_t depth = 1;   // of 2D arrays the number of layers

  cl_image_desc Descriptor() const;
  // In pixels, as commands take it.
  Triple Region() const { return {width, height, depth}; }
  size_t Pixels() const { return width * height * depth; }
  std::string Name() const;
};

// The shapes that tests go through: each type, with sizes that are no powers of two.
std::vector<ImageShape> TestShapes();

// Bytes a pixel; 0 for formats that tests do not use.
size_t PixelSize(const cl_image_format& format);

Mem MakeImage(cl_context context, const ImageShape& shape, const cl_image_format& format,
              cl_mem_flags flags = CL_MEM_READ_WRITE, void* host = nullptr);

// The formats with 1, 2, 4, 8 and 16 bytes a pixel among those that the context supports for `type`.
std::vector<cl_image_format> TestFormats(cl_context context, cl_mem_object_type type,
                                         cl_mem_flags flags = CL_MEM_READ_WRITE);

void WriteImage(cl_command_queue queue, cl_mem image, const Triple& origin, const Triple& region,
                const void* data);
std::vector<unsigned char> ReadImage(cl_command_queue queue, cl_mem image, const Triple& origin,
                                     const Triple& region, size_t pixel_size);

// Copies a box of pixels between two models.
void CopyPixels(std::vector<unsigned char>& to, const ImageShape& to_shape, const Triple& to_origin,
                const std::vector<unsigned char>& from, const ImageShape& from_shape,
                const Triple& from_origin, const Triple& region, size_t pixel_size);

}  // namespace clopencl::programs
