#include "frontend/core/image_format.h"

namespace clopencl::frontend {
namespace {

// Of depth images that are shared with graphics; not every OpenCL header has them.
constexpr cl_channel_order kDepthStencil = 0x10BE;
constexpr cl_channel_type kUnormInt24 = 0x10DF;

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

bool IsPacked(cl_channel_type type) {
  return type == CL_UNORM_SHORT_565 || type == CL_UNORM_SHORT_555 || type == CL_UNORM_INT_101010 ||
         type == CL_UNORM_INT_101010_2;
}

}  // namespace

size_t ChannelCount(cl_channel_order order) {
  switch (order) {
    case CL_R:
    case CL_A:
    case CL_Rx:
    case CL_INTENSITY:
    case CL_LUMINANCE:
    case CL_DEPTH:
    case kDepthStencil:
      return 1;
    case CL_RG:
    case CL_RA:
    case CL_RGx:
      return 2;
    case CL_RGB:
    case CL_RGBx:
    case CL_sRGB:
    case CL_sRGBx:
      return 3;
    case CL_RGBA:
    case CL_BGRA:
    case CL_ARGB:
    case CL_ABGR:
    case CL_sRGBA:
    case CL_sBGRA:
      return 4;
    default:
      return 0;
  }
}

size_t PixelSize(const cl_image_format& format) {
  const size_t channels = ChannelCount(format.image_channel_order);
  if (channels == 0) return 0;
  switch (format.image_channel_data_type) {
    case CL_UNORM_SHORT_565:
    case CL_UNORM_SHORT_555:
      return 2;
    case CL_UNORM_INT_101010:
    case CL_UNORM_INT_101010_2:
    case kUnormInt24:
      return 4;
    default:
      return channels * ChannelSize(format.image_channel_data_type);
  }
}

bool IsValidFormat(const cl_image_format& format) {
  if (PixelSize(format) == 0) return false;
  const cl_channel_order order = format.image_channel_order;
  const cl_channel_type type = format.image_channel_data_type;
  const bool narrow_float = type == CL_UNORM_INT8 || type == CL_UNORM_INT16 || type == CL_SNORM_INT8 ||
                            type == CL_SNORM_INT16 || type == CL_HALF_FLOAT || type == CL_FLOAT;
  switch (order) {
    case CL_INTENSITY:
    case CL_LUMINANCE:
      return narrow_float;
    case CL_RGB:
    case CL_RGBx:
      return IsPacked(type) && type != CL_UNORM_INT_101010_2;
    case CL_ARGB:
    case CL_BGRA:
    case CL_ABGR:
      return type == CL_UNORM_INT8 || type == CL_SNORM_INT8 || type == CL_SIGNED_INT8 ||
             type == CL_UNSIGNED_INT8;
    case CL_sRGB:
    case CL_sRGBx:
    case CL_sRGBA:
    case CL_sBGRA:
      return type == CL_UNORM_INT8;
    case CL_DEPTH:
      return type == CL_UNORM_INT16 || type == CL_FLOAT;
    case CL_RGBA:
      return !IsPacked(type) || type == CL_UNORM_INT_101010_2;
    default:
      return !IsPacked(type);
  }
}

}  // namespace clopencl::frontend
