// Kernels that read and write images of every type through every kind of sampler. What filters compute is
// compared between runs by a hash; what must be exact is compared with a model.
#include <string>
#include <vector>

#include "support/device.h"
#include "support/image.h"
#include "support/names.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] = R"(
constant sampler_t plain = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_NONE | CLK_FILTER_NEAREST;

kernel void invert2d(read_only image2d_t from, write_only image2d_t to) {
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  write_imageui(to, at, 255 - read_imageui(from, plain, at));
}
kernel void mirror3d(read_only image3d_t from, write_only image3d_t to) {
  int4 at = (int4)(get_global_id(0), get_global_id(1), get_global_id(2), 0);
  int4 mirrored = (int4)(get_image_width(from) - 1 - at.x, get_image_height(from) - 1 - at.y,
                         get_image_depth(from) - 1 - at.z, 0);
  write_imageui(to, mirrored, read_imageui(from, plain, at));
}
kernel void mirror1d(read_only image1d_t from, write_only image1d_t to) {
  int at = get_global_id(0);
  write_imageui(to, get_image_width(from) - 1 - at, read_imageui(from, plain, at));
}
kernel void layers(read_only image2d_array_t from, write_only image2d_array_t to) {
  int4 at = (int4)(get_global_id(0), get_global_id(1), get_global_id(2), 0);
  int4 next = at;
  next.z = (at.z + 1) % get_image_array_size(from);
  write_imageui(to, next, read_imageui(from, plain, at));
}
kernel void lines(read_only image1d_array_t from, write_only image1d_array_t to) {
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  int2 next = (int2)(at.x, (at.y + 1) % get_image_array_size(from));
  write_imageui(to, next, read_imageui(from, plain, at));
}
kernel void gather(read_only image1d_buffer_t from, global uint4* to) {
  // PoCL 3.1 has no get_image_width of these.
  to[get_global_id(0)] = read_imageui(from, (int)(get_global_size(0) - 1 - get_global_id(0)));
}
kernel void sample(read_only image2d_t from, sampler_t sampler, float scale, float shift, global float4* to) {
  int2 at = (int2)(get_global_id(0), get_global_id(1));
  float2 where = convert_float2(at) * scale + shift;
  to[at.y * get_global_size(0) + at.x] = read_imagef(from, sampler, where);
}
kernel void describe(read_only image2d_t image, global int* to) {
  to[0] = get_image_width(image);
  to[1] = get_image_height(image);
  to[2] = get_image_channel_data_type(image);
  to[3] = get_image_channel_order(image);
}
)";

constexpr cl_image_format kFormat = {CL_RGBA, CL_UNSIGNED_INT8};
using Bytes = std::vector<unsigned char>;

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    Exact({CL_MEM_OBJECT_IMAGE2D, 53, 29, 1}, "invert2d", [](const Triple&, Triple at, Bytes pixel) {
      for (unsigned char& byte : pixel) byte = static_cast<unsigned char>(255 - byte);
      return std::pair(at, pixel);
    });
    Exact({CL_MEM_OBJECT_IMAGE3D, 19, 13, 7}, "mirror3d", [](const Triple& size, Triple at, Bytes pixel) {
      for (size_t i = 0; i < 3; ++i) at[i] = size[i] - 1 - at[i];
      return std::pair(at, pixel);
    });
    Exact({CL_MEM_OBJECT_IMAGE1D, 100, 1, 1}, "mirror1d", [](const Triple& size, Triple at, Bytes pixel) {
      at[0] = size[0] - 1 - at[0];
      return std::pair(at, pixel);
    });
    Exact({CL_MEM_OBJECT_IMAGE2D_ARRAY, 23, 17, 5}, "layers", [](const Triple& size, Triple at, Bytes pixel) {
      at[2] = (at[2] + 1) % size[2];
      return std::pair(at, pixel);
    });
    Exact({CL_MEM_OBJECT_IMAGE1D_ARRAY, 37, 11, 1}, "lines", [](const Triple& size, Triple at, Bytes pixel) {
      at[1] = (at[1] + 1) % size[1];
      return std::pair(at, pixel);
    });
    OverBuffer();
    Samplers();
    Describe();
  }

 private:
  void Launch(cl_kernel kernel, const Triple& size) {
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 3, nullptr, size.data(), nullptr, 0, nullptr, nullptr));
  }

  // `move(size, place, pixel)` says where the kernel puts a pixel, and what it makes of it.
  template <typename Move>
  void Exact(const ImageShape& shape, const char* name, Move move) {
    Bytes model = RandomBytes(shape.Pixels() * 4, 1);
    const Mem from =
        MakeImage(s_.context, shape, kFormat, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, model.data());
    const Mem to = MakeImage(s_.context, shape, kFormat, CL_MEM_WRITE_ONLY);
    const Kernel kernel = MakeKernel(program_, name);
    SetArgs(kernel, from, to);
    Launch(kernel, shape.Region());
    Bytes expected(model.size());
    const Triple size = shape.Region();
    for (size_t z = 0; z < size[2]; ++z) {
      for (size_t y = 0; y < size[1]; ++y) {
        for (size_t x = 0; x < size[0]; ++x) {
          const auto begin =
              model.begin() + static_cast<std::ptrdiff_t>(((z * size[1] + y) * size[0] + x) * 4);
          const auto [at, pixel] = move(size, Triple{x, y, z}, Bytes(begin, begin + 4));
          std::copy(pixel.begin(), pixel.end(),
                    expected.begin() +
                        static_cast<std::ptrdiff_t>(((at[2] * size[1] + at[1]) * size[0] + at[0]) * 4));
        }
      }
    }
    ExpectEqual(ReadImage(s_.queue, to, {}, size, 4), expected, name);
  }

  void OverBuffer() {
    constexpr size_t kWidth = 500;
    Bytes data = RandomBytes(kWidth * 4, 2);
    const Mem buffer = MakeBuffer(s_.context, data.size(), CL_MEM_COPY_HOST_PTR, data.data());
    cl_image_desc descriptor = ImageShape{CL_MEM_OBJECT_IMAGE1D_BUFFER, kWidth, 1, 1}.Descriptor();
    descriptor.buffer = buffer;
    cl_int code = CL_SUCCESS;
    const Mem image(clCreateImage(s_.context, CL_MEM_READ_ONLY, &kFormat, &descriptor, nullptr, &code));
    if (code != CL_SUCCESS) return PrintError("gather", code);
    const Mem result = MakeBuffer(s_.context, kWidth * sizeof(cl_uint4));
    const Kernel kernel = MakeKernel(program_, "gather");
    SetArgs(kernel, image, result);
    Launch(kernel, {kWidth, 1, 1});
    std::vector<cl_uint> expected;
    for (size_t i = kWidth; i-- > 0;) expected.insert(expected.end(), &data[4 * i], &data[4 * i] + 4);
    ExpectEqual(ReadVector<cl_uint>(s_.queue, result, 4 * kWidth), expected, "gather");
  }

  void Samplers() {
    const ImageShape shape = {CL_MEM_OBJECT_IMAGE2D, 32, 16, 1};
    std::vector<float> pixels(shape.Pixels() * 4);
    Random random(3);
    for (float& value : pixels) value = static_cast<float>(random.Below(1000)) / 8;
    const Mem image = MakeImage(s_.context, shape, {CL_RGBA, CL_FLOAT}, CL_MEM_COPY_HOST_PTR, pixels.data());
    const Mem result = MakeBuffer(s_.context, 48 * 24 * sizeof(cl_float4));
    const Kernel kernel = MakeKernel(program_, "sample");
    for (cl_bool normalized : {CL_FALSE, CL_TRUE}) {
      for (cl_addressing_mode addressing :
           {CL_ADDRESS_CLAMP_TO_EDGE, CL_ADDRESS_CLAMP, CL_ADDRESS_REPEAT, CL_ADDRESS_MIRRORED_REPEAT}) {
        const bool needs_normalized =
            addressing == CL_ADDRESS_REPEAT || addressing == CL_ADDRESS_MIRRORED_REPEAT;
        if (needs_normalized && normalized == CL_FALSE) continue;
        for (cl_filter_mode filter : {CL_FILTER_NEAREST, CL_FILTER_LINEAR}) {
          cl_int code = CL_SUCCESS;
          const Sampler sampler(clCreateSampler(s_.context, normalized, addressing, filter, &code));
          Must(code);
          const float scale = normalized == CL_TRUE ? 1.7f / 32 : 0.9f;
          const float shift = normalized == CL_TRUE ? -0.3f : -5.3f;
          SetArgs(kernel, image, sampler, scale, shift, result);
          Launch(kernel, {48, 24, 1});
          const std::vector<float> got = ReadVector<float>(s_.queue, result, 48 * 24 * 4);
          PrintHash("sampler " + std::to_string(normalized) + " " + std::to_string(addressing) + " " +
                        std::to_string(filter),
                    got.data(), got.size() * sizeof(float));
        }
      }
    }
  }

  void Describe() {
    const Kernel kernel = MakeKernel(program_, "describe");
    const Mem result = MakeBuffer(s_.context, 4 * sizeof(cl_int));
    for (const cl_image_format& format : TestFormats(s_.context, CL_MEM_OBJECT_IMAGE2D)) {
      const Mem image = MakeImage(s_.context, {CL_MEM_OBJECT_IMAGE2D, 31, 12, 1}, format);
      SetArgs(kernel, image, result);
      Launch(kernel, {1, 1, 1});
      const std::vector<cl_int> got = ReadVector<cl_int>(s_.queue, result, 4);
      const std::vector<cl_int> expected = {31, 12, static_cast<cl_int>(format.image_channel_data_type),
                                            static_cast<cl_int>(format.image_channel_order)};
      ExpectEqual(got, expected, "description of " + FormatName(format));
    }
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  if (!ChooseDevice().HasImages()) Skip("the device has no images");
  Test().Run();
  return ExitCode();
}
