#include "support/image.h"

#include <algorithm>

#include "support/names.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

size_t Channels(cl_channel_order order) {
  switch (order) {
    case CL_R:
    case CL_A:
    case CL_INTENSITY:
    case CL_LUMINANCE:
    case CL_DEPTH:
      return 1;
    case CL_RG:
    case CL_RA:
      return 2;
    case CL_RGBA:
    case CL_BGRA:
    case CL_ARGB:
    case CL_ABGR:
      return 4;
    default:
      return 0;
  }
}

size_t ChannelSize(cl_channel_type type) {
  switch (type) {
    case CL_SNORM_INT8:
    case CL_UNORM_INT8:
    case CL_SIGNED_INT8:
    case CL_UNSIGNED_INT8:
      return 1;
    case CL_SNORM_INT16:
    case CL_UNORM_INT16:
    case CL_SIGNED_INT16:
    case CL_UNSIGNED_INT16:
    case CL_HALF_FLOAT:
      return 2;
    case CL_SIGNED_INT32:
    case CL_UNSIGNED_INT32:
    case CL_FLOAT:
      return 4;
    default:
      return 0;
  }
}

// The box `region` at `origin` of a model with `shape`.
BoxLayout Layout(const ImageShape& shape, const Triple& origin, size_t pixel_size) {
  const size_t row = shape.width * pixel_size;
  return {{origin[0] * pixel_size, origin[1], origin[2]}, row, row * shape.height};
}

}  // namespace

cl_image_desc ImageShape::Descriptor() const {
  cl_image_desc descriptor = {};
  descriptor.image_type = type;
  descriptor.image_width = width;
  if (type == CL_MEM_OBJECT_IMAGE1D_ARRAY) {
    descriptor.image_array_size = height;
  } else if (type != CL_MEM_OBJECT_IMAGE1D && type != CL_MEM_OBJECT_IMAGE1D_BUFFER) {
    descriptor.image_height = height;
  }
  if (type == CL_MEM_OBJECT_IMAGE2D_ARRAY) descriptor.image_array_size = depth;
  if (type == CL_MEM_OBJECT_IMAGE3D) descriptor.image_depth = depth;
  return descriptor;
}

std::string ImageShape::Name() const {
  return MemTypeName(type).substr(std::string("CL_MEM_OBJECT_").size()) + " " + std::to_string(width) + "x" +
         std::to_string(height) + "x" + std::to_string(depth);
}

std::vector<ImageShape> TestShapes() {
  return {
      {CL_MEM_OBJECT_IMAGE1D, 100, 1, 1},       {CL_MEM_OBJECT_IMAGE1D_ARRAY, 37, 11, 1},
      {CL_MEM_OBJECT_IMAGE2D, 53, 29, 1},       {CL_MEM_OBJECT_IMAGE2D, 256, 128, 1},
      {CL_MEM_OBJECT_IMAGE2D_ARRAY, 23, 17, 5}, {CL_MEM_OBJECT_IMAGE3D, 19, 13, 7},
  };
}

size_t PixelSize(const cl_image_format& format) {
  return Channels(format.image_channel_order) * ChannelSize(format.image_channel_data_type);
}

Mem MakeImage(cl_context context, const ImageShape& shape, const cl_image_format& format, cl_mem_flags flags,
              void* host) {
  const cl_image_desc descriptor = shape.Descriptor();
  cl_int code = CL_SUCCESS;
  Mem image(clCreateImage(context, flags, &format, &descriptor, host, &code));
  Must(code);
  return image;
}

std::vector<cl_image_format> TestFormats(cl_context context, cl_mem_object_type type, cl_mem_flags flags) {
  cl_uint count = 0;
  Must(clGetSupportedImageFormats(context, flags, type, 0, nullptr, &count));
  std::vector<cl_image_format> all(count);
  Must(clGetSupportedImageFormats(context, flags, type, count, all.data(), nullptr));
  std::vector<cl_image_format> chosen;
  for (size_t size : {1, 2, 4, 8, 16}) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return PixelSize(one) == size; });
    if (found != all.end()) chosen.push_back(*found);
  }
  return chosen;
}

void WriteImage(cl_command_queue queue, cl_mem image, const Triple& origin, const Triple& region,
                const void* data) {
  Must(clEnqueueWriteImage(queue, image, CL_TRUE, origin.data(), region.data(), 0, 0, data, 0, nullptr,
                           nullptr));
}

std::vector<unsigned char> ReadImage(cl_command_queue queue, cl_mem image, const Triple& origin,
                                     const Triple& region, size_t pixel_size) {
  std::vector<unsigned char> data(region[0] * region[1] * region[2] * pixel_size);
  Must(clEnqueueReadImage(queue, image, CL_TRUE, origin.data(), region.data(), 0, 0, data.data(), 0, nullptr,
                          nullptr));
  return data;
}

void CopyPixels(std::vector<unsigned char>& to, const ImageShape& to_shape, const Triple& to_origin,
                const std::vector<unsigned char>& from, const ImageShape& from_shape,
                const Triple& from_origin, const Triple& region, size_t pixel_size) {
  const Triple bytes = {region[0] * pixel_size, region[1], region[2]};
  CopyBox(to.data(), Layout(to_shape, to_origin, pixel_size), from.data(),
          Layout(from_shape, from_origin, pixel_size), bytes);
}

}  // namespace clopencl::programs
