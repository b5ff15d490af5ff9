#include <algorithm>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/image_format.h"
#include "frontend/info.h"
#include "frontend/runtime.h"

namespace clopencl::frontend::api {
namespace {

struct Limits {
  size_t width_2d = 0, height_2d = 0, width_3d = 0, height_3d = 0, depth_3d = 0, array = 0, buffer = 0;
};

// The largest over the devices that have images.
Limits ImageLimits(const Context& context) {
  Limits limits;
  for (const auto& device : context.devices()) {
    if (!device->images()) continue;
    const auto raise = [&](size_t& limit, cl_device_info param) {
      limit = std::max(limit, FactOr<size_t>(device->facts(), param, 0));
    };
    raise(limits.width_2d, CL_DEVICE_IMAGE2D_MAX_WIDTH);
    raise(limits.height_2d, CL_DEVICE_IMAGE2D_MAX_HEIGHT);
    raise(limits.width_3d, CL_DEVICE_IMAGE3D_MAX_WIDTH);
    raise(limits.height_3d, CL_DEVICE_IMAGE3D_MAX_HEIGHT);
    raise(limits.depth_3d, CL_DEVICE_IMAGE3D_MAX_DEPTH);
    raise(limits.array, CL_DEVICE_IMAGE_MAX_ARRAY_SIZE);
    raise(limits.buffer, CL_DEVICE_IMAGE_MAX_BUFFER_SIZE);
  }
  return limits;
}

// OpenCL 3.0, "5.3.1.2 Image Descriptor". CL_INVALID_IMAGE_SIZE for what exceeds the devices, else
// CL_INVALID_IMAGE_DESCRIPTOR.
void CheckExtent(const Context& context, const cl_image_desc& desc) {
  const Limits limits = ImageLimits(context);
  const auto within = [](size_t value, size_t limit) {
    Require(value >= 1, CL_INVALID_IMAGE_DESCRIPTOR);
    Require(value <= limit, CL_INVALID_IMAGE_SIZE);
  };
  switch (desc.image_type) {
    case CL_MEM_OBJECT_IMAGE1D:
      return within(desc.image_width, limits.width_2d);
    case CL_MEM_OBJECT_IMAGE1D_BUFFER:
      return within(desc.image_width, limits.buffer);
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
      within(desc.image_width, limits.width_2d);
      return within(desc.image_array_size, limits.array);
    case CL_MEM_OBJECT_IMAGE2D:
      within(desc.image_width, limits.width_2d);
      return within(desc.image_height, limits.height_2d);
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
      within(desc.image_width, limits.width_2d);
      within(desc.image_height, limits.height_2d);
      return within(desc.image_array_size, limits.array);
    case CL_MEM_OBJECT_IMAGE3D:
      within(desc.image_width, limits.width_3d);
      within(desc.image_height, limits.height_3d);
      return within(desc.image_depth, limits.depth_3d);
    default:
      Fail(CL_INVALID_IMAGE_DESCRIPTOR);
  }
}

void CheckPitches(const cl_image_desc& desc, size_t pixel, const void* host_ptr) {
  const size_t row = desc.image_row_pitch != 0 ? desc.image_row_pitch : desc.image_width * pixel;
  const bool from_buffer = desc.mem_object != nullptr;
  if (host_ptr == nullptr && !from_buffer)
    Require(desc.image_row_pitch == 0 && desc.image_slice_pitch == 0, CL_INVALID_IMAGE_DESCRIPTOR);
  Require(row >= desc.image_width * pixel && row % pixel == 0, CL_INVALID_IMAGE_DESCRIPTOR);
  if (desc.image_slice_pitch != 0) {
    const bool layered_2d =
        desc.image_type == CL_MEM_OBJECT_IMAGE2D_ARRAY || desc.image_type == CL_MEM_OBJECT_IMAGE3D;
    const size_t least = layered_2d ? row * desc.image_height : row;
    if (layered_2d || desc.image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY)
      Require(desc.image_slice_pitch >= least && desc.image_slice_pitch % row == 0,
              CL_INVALID_IMAGE_DESCRIPTOR);
  }
}

std::vector<cl_image_format> SupportedFormats(Context& context, cl_mem_flags flags, cl_mem_object_type type);

Mem& ImageParent(Context& context, const cl_image_desc& desc, const cl_image_format& format, size_t pixel) {
  Mem& parent = Get<Mem>(desc.mem_object, CL_INVALID_IMAGE_DESCRIPTOR);
  Require(&parent.context() == &context, CL_INVALID_CONTEXT);
  if (desc.image_type == CL_MEM_OBJECT_IMAGE1D_BUFFER) {
    Require(parent.is_buffer(), CL_INVALID_IMAGE_DESCRIPTOR);
    Require(desc.image_width * pixel <= parent.size(), CL_INVALID_IMAGE_SIZE);
  } else if (parent.is_buffer()) {
    Require(desc.image_type == CL_MEM_OBJECT_IMAGE2D, CL_INVALID_IMAGE_DESCRIPTOR);
    const size_t row = desc.image_row_pitch != 0 ? desc.image_row_pitch : desc.image_width * pixel;
    bool aligned = false, supported = false;
    for (const auto& device : context.devices()) {
      const auto align = FactOr<cl_uint>(device->facts(), CL_DEVICE_IMAGE_PITCH_ALIGNMENT, 0);
      supported = supported || align != 0;
      aligned = aligned || (align != 0 && row % (align * pixel) == 0);
    }
    Require(supported, CL_INVALID_OPERATION);
    Require(aligned, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
    Require(row * desc.image_height <= parent.size(), CL_INVALID_IMAGE_SIZE);
  } else {
    Require(parent.type() == CL_MEM_OBJECT_IMAGE2D && desc.image_type == CL_MEM_OBJECT_IMAGE2D,
            CL_INVALID_IMAGE_DESCRIPTOR);
    Require(parent.what().image.image_width == desc.image_width &&
                parent.what().image.image_height == desc.image_height,
            CL_INVALID_IMAGE_DESCRIPTOR);
    Require(parent.what().format.image_channel_data_type == format.image_channel_data_type,
            CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
  }
  return parent;
}

bool IsSupported(Context& context, cl_mem_flags flags, const cl_image_format& format,
                 cl_mem_object_type type) {
  const auto formats = SupportedFormats(context, flags, type);
  return std::any_of(formats.begin(), formats.end(), [&](const cl_image_format& known) {
    return known.image_channel_order == format.image_channel_order &&
           known.image_channel_data_type == format.image_channel_data_type;
  });
}

bool IsImageType(cl_mem_object_type type) {
  switch (type) {
    case CL_MEM_OBJECT_IMAGE1D:
    case CL_MEM_OBJECT_IMAGE1D_BUFFER:
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
    case CL_MEM_OBJECT_IMAGE2D:
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
    case CL_MEM_OBJECT_IMAGE3D:
      return true;
    default:
      return false;
  }
}

// NVIDIA's runtime has formats that OpenCL's tables lack, such as CL_BGRA with CL_SNORM_INT16.
bool IsOffered(Context& context, cl_mem_flags flags, const cl_image_format& format,
               const cl_image_desc* desc) {
  return PixelSize(format) != 0 && desc != nullptr && IsImageType(desc->image_type) && context.any_images() &&
         IsSupported(context, flags, format, desc->image_type);
}

}  // namespace

cl_mem CreateImageWithProperties(cl_context handle, const cl_mem_properties* properties, cl_mem_flags flags,
                                 const cl_image_format* format, const cl_image_desc* desc, void* host_ptr) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  Mem::Description what;
  what.properties = ReadMemProperties(properties);
  CheckMemFlags(flags, true);
  Require(format != nullptr && (IsValidFormat(*format) || IsOffered(context, flags, *format, desc)),
          CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
  Require(desc != nullptr && desc->num_mip_levels == 0 && desc->num_samples == 0,
          CL_INVALID_IMAGE_DESCRIPTOR);
  Require(context.any_images(), CL_INVALID_OPERATION);
  const size_t pixel = PixelSize(*format);
  CheckExtent(context, *desc);
  CheckPitches(*desc, pixel, host_ptr);
  const bool may_have_parent =
      desc->image_type == CL_MEM_OBJECT_IMAGE1D_BUFFER || desc->image_type == CL_MEM_OBJECT_IMAGE2D;
  Require(may_have_parent || desc->mem_object == nullptr, CL_INVALID_IMAGE_DESCRIPTOR);
  Require(desc->image_type != CL_MEM_OBJECT_IMAGE1D_BUFFER || desc->mem_object != nullptr,
          CL_INVALID_IMAGE_DESCRIPTOR);
  if (desc->mem_object != nullptr) {
    what.parent = Ref(ImageParent(context, *desc, *format, pixel));
    constexpr cl_mem_flags kAccess = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
    constexpr cl_mem_flags kInherited = CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR;
    Require(host_ptr == nullptr && (flags & kInherited) == 0, CL_INVALID_VALUE);
    if ((flags & kAccess) == 0) flags |= what.parent->flags() & kAccess;
    flags |= what.parent->flags() &
             (kInherited | CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS);
    host_ptr = what.parent->what().host_ptr;
  } else {
    CheckHostPtr(flags, host_ptr);
  }
  if (flags == 0) flags = CL_MEM_READ_WRITE;
  Require(IsSupported(context, flags, *format, desc->image_type), CL_IMAGE_FORMAT_NOT_SUPPORTED);
  what.type = desc->image_type;
  what.flags = flags;
  what.host_ptr = host_ptr;
  what.format = *format;
  what.image = *desc;
  what.size = pixel;
  switch (desc->image_type) {
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
      what.size *= desc->image_width * desc->image_array_size;
      break;
    case CL_MEM_OBJECT_IMAGE2D:
      what.size *= desc->image_width * desc->image_height;
      break;
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
      what.size *= desc->image_width * desc->image_height * desc->image_array_size;
      break;
    case CL_MEM_OBJECT_IMAGE3D:
      what.size *= desc->image_width * desc->image_height * desc->image_depth;
      break;
    default:
      what.size *= desc->image_width;
  }
  return (new Mem(context, std::move(what)))->handle();
}

cl_mem CreateImage(cl_context context, cl_mem_flags flags, const cl_image_format* format,
                   const cl_image_desc* desc, void* host_ptr) {
  return CreateImageWithProperties(context, nullptr, flags, format, desc, host_ptr);
}

cl_mem CreateImage2D(cl_context context, cl_mem_flags flags, const cl_image_format* format, size_t width,
                     size_t height, size_t row_pitch, void* host_ptr) {
  Require(width > 0 && height > 0, CL_INVALID_IMAGE_SIZE);
  cl_image_desc desc{};
  desc.image_type = CL_MEM_OBJECT_IMAGE2D;
  desc.image_width = width;
  desc.image_height = height;
  desc.image_row_pitch = row_pitch;
  return CreateImage(context, flags, format, &desc, host_ptr);
}

cl_mem CreateImage3D(cl_context context, cl_mem_flags flags, const cl_image_format* format, size_t width,
                     size_t height, size_t depth, size_t row_pitch, size_t slice_pitch, void* host_ptr) {
  Require(width > 0 && height > 0 && depth > 0, CL_INVALID_IMAGE_SIZE);
  cl_image_desc desc{};
  desc.image_type = CL_MEM_OBJECT_IMAGE3D;
  desc.image_width = width;
  desc.image_height = height;
  desc.image_depth = depth;
  desc.image_row_pitch = row_pitch;
  desc.image_slice_pitch = slice_pitch;
  return CreateImage(context, flags, format, &desc, host_ptr);
}

namespace {

// What the native context answers; over several servers, what all of them support. Learnt once for each
// combination.
std::vector<cl_image_format> SupportedFormats(Context& context, cl_mem_flags flags, cl_mem_object_type type) {
  constexpr cl_mem_flags kMatters =
      CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY | CL_MEM_KERNEL_READ_AND_WRITE;
  uint64_t native_flags = flags & kMatters;
  if (native_flags == 0) native_flags = CL_MEM_READ_WRITE;
  if (const auto* known = context.FindImageFormats(native_flags, type)) return *known;
  std::vector<cl_image_format> common;
  for (Session* session : context.sessions()) {
    const uint64_t input = native_flags;
    cl_int status = CL_SUCCESS;
    std::vector<cl_image_format> formats;
    {
      std::lock_guard lock(TheRuntime().command_mutex());
      context.EnsureOn(*session);
    }
    TheRuntime().CallAndWait<wire::InfoAnswered>(
        *session,
        wire::QueryInfo{0,
                        wire::Query::kSupportedImageFormats,
                        type,
                        context.id().Pack(),
                        {},
                        std::as_bytes(std::span(&input, 1))},
        [&](const wire::InfoAnswered& reply) {
          status = reply.status;
          formats.resize(reply.value.size() / sizeof(cl_image_format));
          std::memcpy(formats.data(), reply.value.data(), formats.size() * sizeof(cl_image_format));
        });
    Require(status == CL_SUCCESS, status);
    if (session == context.sessions().front()) {
      common = std::move(formats);
    } else {
      std::erase_if(common, [&](const cl_image_format& format) {
        return std::none_of(formats.begin(), formats.end(), [&](const cl_image_format& other) {
          return std::memcmp(&format, &other, sizeof format) == 0;
        });
      });
    }
  }
  context.RememberImageFormats(native_flags, type, common);
  return common;
}

}  // namespace

void GetSupportedImageFormats(cl_context handle, cl_mem_flags flags, cl_mem_object_type type,
                              cl_uint num_entries, cl_image_format* formats, cl_uint* num_formats) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  CheckMemFlags(flags, true);
  Require(IsImageType(type), CL_INVALID_VALUE);
  Require(!(num_entries == 0 && formats != nullptr), CL_INVALID_VALUE);
  if (flags == 0) flags = CL_MEM_READ_WRITE;
  const auto all =
      context.any_images() ? SupportedFormats(context, flags, type) : std::vector<cl_image_format>{};
  if (formats != nullptr) std::copy_n(all.begin(), std::min<size_t>(num_entries, all.size()), formats);
  if (num_formats != nullptr) *num_formats = static_cast<cl_uint>(all.size());
}

void GetImageInfo(cl_mem handle, cl_image_info param, size_t size, void* value, size_t* size_ret) {
  Mem& image = Get<Mem>(handle, CL_INVALID_MEM_OBJECT);
  Require(image.is_image(), CL_INVALID_MEM_OBJECT);
  const cl_image_desc& desc = image.what().image;
  const cl_mem_object_type type = image.type();
  const InfoSink sink(size, value, size_ret);
  const bool one_dimension = type == CL_MEM_OBJECT_IMAGE1D || type == CL_MEM_OBJECT_IMAGE1D_BUFFER ||
                             type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
  const bool layers = type == CL_MEM_OBJECT_IMAGE1D_ARRAY || type == CL_MEM_OBJECT_IMAGE2D_ARRAY;
  switch (param) {
    case CL_IMAGE_FORMAT:
      return sink.Put(image.what().format);
    case CL_IMAGE_ELEMENT_SIZE:
      return sink.Put(image.pixel_size());
    case CL_IMAGE_ROW_PITCH:
      return sink.Put(image.row_pitch());
    case CL_IMAGE_SLICE_PITCH:
      return sink.Put<size_t>(layers || type == CL_MEM_OBJECT_IMAGE3D ? image.slice_pitch() : 0);
    case CL_IMAGE_WIDTH:
      return sink.Put(desc.image_width);
    case CL_IMAGE_HEIGHT:
      return sink.Put<size_t>(one_dimension ? 0 : desc.image_height);
    case CL_IMAGE_DEPTH:
      return sink.Put<size_t>(type == CL_MEM_OBJECT_IMAGE3D ? desc.image_depth : 0);
    case CL_IMAGE_ARRAY_SIZE:
      return sink.Put<size_t>(layers ? desc.image_array_size : 0);
    case CL_IMAGE_BUFFER:
      return sink.Put(image.parent() != nullptr && image.parent()->is_buffer() ? image.parent()->handle()
                                                                               : nullptr);
    case CL_IMAGE_NUM_MIP_LEVELS:
      return sink.Put<cl_uint>(desc.num_mip_levels);
    case CL_IMAGE_NUM_SAMPLES:
      return sink.Put<cl_uint>(desc.num_samples);
    default:
      Fail(CL_INVALID_VALUE);
  }
}

}  // namespace clopencl::frontend::api
