// Buffers, images and samplers.
#include <array>
#include <vector>

#include "info_dump/world.h"
#include "support/names.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

void DumpMem(const std::string& object, cl_mem mem, const Handles& handles) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetMemObjectInfo(mem, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_MEM_TYPE, kMemType),
           INFO(CL_MEM_FLAGS, kHex),
           INFO(CL_MEM_SIZE, kSize),
           INFO(CL_MEM_HOST_PTR, kPointer),
           INFO(CL_MEM_MAP_COUNT, kUint),
           INFO(CL_MEM_REFERENCE_COUNT, kUint),
           INFO(CL_MEM_CONTEXT, kHandle),
           INFO(CL_MEM_ASSOCIATED_MEMOBJECT, kHandle),
           INFO(CL_MEM_OFFSET, kSize),
           INFO(CL_MEM_USES_SVM_POINTER, kBool),
           INFO(CL_MEM_PROPERTIES, kProperties),
       });
}

void DumpImage(const std::string& object, cl_mem image, const Handles& handles) {
  DumpMem(object, image, handles);
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetImageInfo(image, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_IMAGE_FORMAT, kFormat),
           INFO(CL_IMAGE_ELEMENT_SIZE, kSize),
           INFO(CL_IMAGE_ROW_PITCH, kSize),
           INFO(CL_IMAGE_SLICE_PITCH, kSize),
           INFO(CL_IMAGE_WIDTH, kSize),
           INFO(CL_IMAGE_HEIGHT, kSize),
           INFO(CL_IMAGE_DEPTH, kSize),
           INFO(CL_IMAGE_ARRAY_SIZE, kSize),
           INFO(CL_IMAGE_BUFFER, kHandle),
           INFO(CL_IMAGE_NUM_MIP_LEVELS, kUint),
           INFO(CL_IMAGE_NUM_SAMPLES, kUint),
       });
}

void DumpBufferFlags(World& world) {
  alignas(4096) static char host[8192];
  world.handles.Add(host, "the program's memory");
  const struct {
    const char* name;
    cl_mem_flags flags;
  } cases[] = {
      {"no flags", 0},
      {"read-write", CL_MEM_READ_WRITE},
      {"read-only", CL_MEM_READ_ONLY},
      {"write-only", CL_MEM_WRITE_ONLY},
      {"use host pointer", CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR},
      {"copy host pointer", CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR},
      {"alloc host pointer", CL_MEM_ALLOC_HOST_PTR},
      {"alloc and copy host pointer", CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR},
      {"host write-only", CL_MEM_READ_WRITE | CL_MEM_HOST_WRITE_ONLY},
      {"host read-only", CL_MEM_WRITE_ONLY | CL_MEM_HOST_READ_ONLY},
      {"no host access", CL_MEM_HOST_NO_ACCESS},
  };
  for (const auto& [name, flags] : cases) {
    const bool needs_host = (flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) != 0;
    const Mem buffer = MakeBuffer(world.context, 4097, flags, needs_host ? host : nullptr);
    DumpMem(std::string("buffer, ") + name, buffer, world.handles);
  }
}

void DumpSubBuffers(World& world) {
  const size_t alignment = world.device.Get<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
  const cl_buffer_region region = {alignment, 100};
  alignas(4096) static char host[8192];
  world.handles.Add(host, "the parent's memory");
  const Mem parent = MakeBuffer(world.context, sizeof host, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, host);
  world.handles.Add(parent.get(), "the parent");
  world.handles.Add(host + alignment, "the parent's memory at the offset");
  cl_int code = CL_SUCCESS;
  const Mem inherits(clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
  Must(code);
  DumpMem("sub-buffer that inherits", inherits, world.handles);
  const Mem own(clCreateSubBuffer(parent, CL_MEM_READ_ONLY | CL_MEM_HOST_NO_ACCESS,
                                  CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
  Must(code);
  DumpMem("sub-buffer with flags", own, world.handles);
  DumpMem("parent of two sub-buffers", parent, world.handles);
}

void DumpMapCounts(World& world) {
  const Mem buffer = MakeBuffer(world.context, 4096);
  cl_int code = CL_SUCCESS;
  void* first =
      clEnqueueMapBuffer(world.queue, buffer, CL_TRUE, CL_MAP_READ, 0, 64, 0, nullptr, nullptr, &code);
  Must(code);
  DumpMem("buffer mapped once", buffer, world.handles);
  void* second =
      clEnqueueMapBuffer(world.queue, buffer, CL_TRUE, CL_MAP_READ, 32, 64, 0, nullptr, nullptr, &code);
  Must(code);
  DumpMem("buffer mapped twice", buffer, world.handles);
  Must(clEnqueueUnmapMemObject(world.queue, buffer, first, 0, nullptr, nullptr));
  Must(clEnqueueUnmapMemObject(world.queue, buffer, second, 0, nullptr, nullptr));
  Must(clFinish(world.queue));
  DumpMem("buffer unmapped", buffer, world.handles);
  Must(clRetainMemObject(buffer));
  DumpMem("buffer retained", buffer, world.handles);
  Must(clReleaseMemObject(buffer));
}

void DumpFormats(World& world) {
  const struct {
    const char* name;
    cl_mem_flags flags;
  } accesses[] = {{"read-only", CL_MEM_READ_ONLY},
                  {"write-only", CL_MEM_WRITE_ONLY},
                  {"read-write", CL_MEM_READ_WRITE},
                  {"kernel read and write", CL_MEM_KERNEL_READ_AND_WRITE}};
  for (cl_mem_object_type type :
       {CL_MEM_OBJECT_IMAGE1D, CL_MEM_OBJECT_IMAGE1D_BUFFER, CL_MEM_OBJECT_IMAGE1D_ARRAY,
        CL_MEM_OBJECT_IMAGE2D, CL_MEM_OBJECT_IMAGE2D_ARRAY, CL_MEM_OBJECT_IMAGE3D}) {
    for (const auto& [name, flags] : accesses) {
      const std::string title = "formats of " + MemTypeName(type) + ", " + name;
      cl_uint count = 0;
      const cl_int code = clGetSupportedImageFormats(world.context, flags, type, 0, nullptr, &count);
      if (code != CL_SUCCESS) {
        PrintError(title, code);
        continue;
      }
      std::vector<cl_image_format> formats(count);
      Must(clGetSupportedImageFormats(world.context, flags, type, count, formats.data(), nullptr));
      std::string text;
      for (const cl_image_format& format : formats) text += (text.empty() ? "" : " ") + FormatName(format);
      PrintNumber(title + " count", count);
      Print(title, text);
    }
  }
}

struct ImageCase {
  const char* name;
  cl_image_desc shape;
};

cl_image_desc Shape(cl_mem_object_type type, size_t width, size_t height, size_t depth, size_t layers) {
  cl_image_desc shape = {};
  shape.image_type = type;
  shape.image_width = width;
  shape.image_height = height;
  shape.image_depth = depth;
  shape.image_array_size = layers;
  return shape;
}

void DumpImageShapes(World& world, const cl_image_format& format) {
  const ImageCase cases[] = {
      {"1D", Shape(CL_MEM_OBJECT_IMAGE1D, 7, 0, 0, 0)},
      {"1D array", Shape(CL_MEM_OBJECT_IMAGE1D_ARRAY, 7, 0, 0, 3)},
      {"2D", Shape(CL_MEM_OBJECT_IMAGE2D, 7, 5, 0, 0)},
      {"2D array", Shape(CL_MEM_OBJECT_IMAGE2D_ARRAY, 7, 5, 0, 3)},
      {"3D", Shape(CL_MEM_OBJECT_IMAGE3D, 7, 5, 2, 0)},
  };
  for (const ImageCase& one : cases) {
    cl_int code = CL_SUCCESS;
    const Mem image(clCreateImage(world.context, CL_MEM_READ_WRITE, &format, &one.shape, nullptr, &code));
    const std::string title = std::string("image ") + one.name + " of " + FormatName(format);
    if (code != CL_SUCCESS) {
      PrintError(title, code);
      continue;
    }
    DumpImage(title, image, world.handles);
  }
}

void DumpImageSources(World& world) {
  const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
  alignas(4096) static char host[8192];
  world.handles.Add(host, "the image's memory");
  cl_int code = CL_SUCCESS;
  cl_image_desc shape = Shape(CL_MEM_OBJECT_IMAGE2D, 7, 5, 0, 0);
  shape.image_row_pitch = 64;
  const Mem used(clCreateImage(world.context, CL_MEM_USE_HOST_PTR, &format, &shape, host, &code));
  Must(code);
  DumpImage("image of the program's memory with a row pitch", used, world.handles);
  const Mem copied(clCreateImage(world.context, CL_MEM_COPY_HOST_PTR, &format, &shape, host, &code));
  Must(code);
  DumpImage("image copied from the program's memory with a row pitch", copied, world.handles);
  const Mem buffer = MakeBuffer(world.context, 1024);
  world.handles.Add(buffer.get(), "the image's buffer");
  cl_image_desc line = Shape(CL_MEM_OBJECT_IMAGE1D_BUFFER, 16, 0, 0, 0);
  line.buffer = buffer;
  const Mem of_buffer(clCreateImage(world.context, CL_MEM_READ_ONLY, &format, &line, nullptr, &code));
  if (code == CL_SUCCESS) DumpImage("image of a buffer", of_buffer, world.handles);
  DumpMem("buffer of an image", buffer, world.handles);
}

void DumpSampler(const std::string& object, cl_sampler sampler, const Handles& handles) {
  Dump(object,
       [&](cl_uint token, size_t size, void* value, size_t* size_ret) {
         return clGetSamplerInfo(sampler, token, size, value, size_ret);
       },
       handles,
       {
           INFO(CL_SAMPLER_REFERENCE_COUNT, kUint),
           INFO(CL_SAMPLER_CONTEXT, kHandle),
           INFO(CL_SAMPLER_NORMALIZED_COORDS, kBool),
           INFO(CL_SAMPLER_ADDRESSING_MODE, kHex),
           INFO(CL_SAMPLER_FILTER_MODE, kHex),
           INFO(CL_SAMPLER_PROPERTIES, kProperties),
           INFO(CL_SAMPLER_MIP_FILTER_MODE, kHex),
           INFO(CL_SAMPLER_LOD_MIN, kHex),
           INFO(CL_SAMPLER_LOD_MAX, kHex),
       });
}

}  // namespace

void DumpBuffers(World& world) {
  DumpBufferFlags(world);
  DumpSubBuffers(world);
  DumpMapCounts(world);
}

void DumpImages(World& world) {
  if (!world.device.HasImages()) return;
  DumpFormats(world);
  DumpImageShapes(world, {CL_RGBA, CL_UNSIGNED_INT8});
  DumpImageShapes(world, {CL_R, CL_FLOAT});
  DumpImageSources(world);
}

void DumpSamplers(World& world) {
  if (!world.device.HasImages()) return;
  cl_int code = CL_SUCCESS;
  for (cl_bool normalized : {CL_FALSE, CL_TRUE}) {
    for (cl_addressing_mode addressing : {CL_ADDRESS_NONE, CL_ADDRESS_CLAMP_TO_EDGE, CL_ADDRESS_CLAMP}) {
      for (cl_filter_mode filter : {CL_FILTER_NEAREST, CL_FILTER_LINEAR}) {
        const Sampler sampler(clCreateSampler(world.context, normalized, addressing, filter, &code));
        Must(code);
        DumpSampler("sampler " + std::to_string(normalized) + " " + std::to_string(addressing) + " " +
                        std::to_string(filter),
                    sampler, world.handles);
      }
    }
  }
  const cl_sampler_properties properties[] = {CL_SAMPLER_ADDRESSING_MODE, CL_ADDRESS_REPEAT,
                                              CL_SAMPLER_NORMALIZED_COORDS, CL_TRUE, 0};
  const Sampler sampler(clCreateSamplerWithProperties(world.context, properties, &code));
  Must(code);
  DumpSampler("sampler with properties", sampler, world.handles);
  const cl_sampler_properties none[] = {0};
  const Sampler plain(clCreateSamplerWithProperties(world.context, none, &code));
  Must(code);
  DumpSampler("sampler with empty properties", plain, world.handles);
}

}  // namespace clopencl::programs
