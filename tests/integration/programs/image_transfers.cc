// Reads, writes and fills of images of every type and pixel size, whole and in boxes, with pitches, and
// images that copy or use the program's memory or are laid over a buffer.
#include <cstring>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/image.h"
#include "support/names.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

Triple RandomOrigin(Random& random, const Triple& region, const Triple& size) {
  return {random.Below(size[0] - region[0] + 1), random.Below(size[1] - region[1] + 1),
          random.Below(size[2] - region[2] + 1)};
}

Triple RandomRegion(Random& random, const Triple& size) {
  return {1 + random.Below(size[0]), 1 + random.Below(size[1]), 1 + random.Below(size[2])};
}

class Test {
 public:
  void Run() {
    for (const ImageShape& shape : TestShapes()) {
      for (const cl_image_format& format : TestFormats(s_.context, shape.type)) {
        title_ = shape.Name() + " " + FormatName(format);
        pixel_ = PixelSize(format);
        Whole(shape, format);
        Boxes(shape, format);
        Pitches(shape, format);
        HostMemory(shape, format, CL_MEM_COPY_HOST_PTR, "copied");
        HostMemory(shape, format, CL_MEM_USE_HOST_PTR, "used");
        HostPitch(shape, format);
      }
    }
    Fills();
    OverBuffer();
    Large();
  }

 private:
  void Whole(const ImageShape& shape, const cl_image_format& format) {
    const Bytes data = RandomBytes(shape.Pixels() * pixel_, pixel_);
    const Mem image = MakeImage(s_.context, shape, format);
    WriteImage(s_.queue, image, {}, shape.Region(), data.data());
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), pixel_), data, title_ + ", whole");
  }

  void Boxes(const ImageShape& shape, const cl_image_format& format) {
    Random random(pixel_);
    Bytes model = RandomBytes(shape.Pixels() * pixel_, 2);
    const Mem image = MakeImage(s_.context, shape, format, CL_MEM_COPY_HOST_PTR, model.data());
    std::vector<Bytes> sources;
    for (int i = 0; i < 6; ++i) {
      const Triple region = RandomRegion(random, shape.Region());
      const Triple origin = RandomOrigin(random, region, shape.Region());
      const ImageShape box = {shape.type, region[0], region[1], region[2]};
      sources.push_back(RandomBytes(box.Pixels() * pixel_, random.Next()));
      Must(clEnqueueWriteImage(s_.queue, image, i % 2 == 0, origin.data(), region.data(), 0, 0,
                               sources.back().data(), 0, nullptr, nullptr));
      CopyPixels(model, shape, origin, sources.back(), box, {}, region, pixel_);
    }
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), pixel_), model, title_ + ", boxes written");
    for (int i = 0; i < 3; ++i) {
      const Triple region = RandomRegion(random, shape.Region());
      const Triple origin = RandomOrigin(random, region, shape.Region());
      const ImageShape box = {shape.type, region[0], region[1], region[2]};
      Bytes expected(box.Pixels() * pixel_);
      CopyPixels(expected, box, {}, model, shape, origin, region, pixel_);
      ExpectEqual(ReadImage(s_.queue, image, origin, region, pixel_), expected,
                  title_ + ", box read " + std::to_string(i));
    }
  }

  // Host memory with gaps between rows and slices; the gaps stay.
  void Pitches(const ImageShape& shape, const cl_image_format& format) {
    if (shape.type == CL_MEM_OBJECT_IMAGE1D) return;
    const bool slices = shape.depth > 1 || shape.type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
    // The layers of a 1D array are slices of one row each.
    const bool layers_of_rows = shape.type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
    const size_t row = (shape.width + 3) * pixel_;
    const size_t slice = layers_of_rows ? row : row * (shape.height + 2);
    const size_t size = layers_of_rows ? slice * shape.height
                        : slices       ? slice * shape.depth
                                       : row * shape.height;
    const Bytes source = RandomBytes(size, 3);
    const Triple origin = {};
    const Triple region = shape.Region();
    const Mem image = MakeImage(s_.context, shape, format);
    Must(clEnqueueWriteImage(s_.queue, image, CL_FALSE, origin.data(), region.data(), row, slices ? slice : 0,
                             source.data(), 0, nullptr, nullptr));
    Bytes expected(shape.Pixels() * pixel_);
    const size_t width = shape.width * pixel_;
    for (size_t z = 0; z < shape.depth; ++z) {
      for (size_t y = 0; y < shape.height; ++y) {
        std::memcpy(&expected[(z * shape.height + y) * width], &source[z * slice + y * row], width);
      }
    }
    ExpectEqual(ReadImage(s_.queue, image, {}, region, pixel_), expected, title_ + ", written with pitches");
    Bytes got(size, 0xcc);
    Bytes all(size, 0xcc);
    Must(clEnqueueReadImage(s_.queue, image, CL_TRUE, origin.data(), region.data(), row, slices ? slice : 0,
                            got.data(), 0, nullptr, nullptr));
    for (size_t z = 0; z < shape.depth; ++z) {
      for (size_t y = 0; y < shape.height; ++y) {
        std::memcpy(&all[z * slice + y * row], &source[z * slice + y * row], width);
      }
    }
    ExpectEqual(got, all, title_ + ", read with pitches");
  }

  void HostMemory(const ImageShape& shape, const cl_image_format& format, cl_mem_flags flags,
                  const char* name) {
    Bytes memory = RandomBytes(shape.Pixels() * pixel_, 4);
    const Bytes before = memory;
    const Mem image = MakeImage(s_.context, shape, format, flags, memory.data());
    if (flags == CL_MEM_COPY_HOST_PTR) std::fill(memory.begin(), memory.end(), static_cast<unsigned char>(0));
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), pixel_), before,
                title_ + ", host memory " + name);
  }

  // Host memory with wide rows, copied at the creation.
  void HostPitch(const ImageShape& shape, const cl_image_format& format) {
    if (shape.type != CL_MEM_OBJECT_IMAGE2D) return;
    cl_image_desc descriptor = shape.Descriptor();
    descriptor.image_row_pitch = (shape.width + 5) * pixel_;
    Bytes memory = RandomBytes(descriptor.image_row_pitch * shape.height, 5);
    cl_int code = CL_SUCCESS;
    const Mem image(
        clCreateImage(s_.context, CL_MEM_COPY_HOST_PTR, &format, &descriptor, memory.data(), &code));
    Must(code);
    Bytes expected(shape.Pixels() * pixel_);
    const size_t width = shape.width * pixel_;
    for (size_t y = 0; y < shape.height; ++y) {
      std::memcpy(&expected[y * width], &memory[y * descriptor.image_row_pitch], width);
    }
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), pixel_), expected,
                title_ + ", copied with a pitch");
  }

  void Fills() {
    const struct {
      cl_image_format format;
      Bytes pixel;
    } cases[] = {
        {{CL_RGBA, CL_UNSIGNED_INT8}, {1, 2, 3, 4}},
        {{CL_RGBA, CL_SIGNED_INT16}, {1, 0, 2, 0, 3, 0, 4, 0}},
        {{CL_RGBA, CL_UNSIGNED_INT32}, {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0}},
        {{CL_R, CL_UNSIGNED_INT16}, {1, 0}},
        {{CL_RGBA, CL_UNORM_INT8}, {0, 255, 0, 255}},
    };
    for (const auto& [format, pixel] : cases) {
      const ImageShape shape = {CL_MEM_OBJECT_IMAGE2D, 31, 17, 1};
      pixel_ = pixel.size();
      Bytes model = RandomBytes(shape.Pixels() * pixel_, 6);
      const Mem image = MakeImage(s_.context, shape, format, CL_MEM_COPY_HOST_PTR, model.data());
      const cl_uint integers[4] = {1, 2, 3, 4};
      const cl_float floats[4] = {0, 1, 0, 1};
      const bool normalized = format.image_channel_data_type == CL_UNORM_INT8;
      const Triple origin = {3, 2, 0};
      const Triple region = {20, 11, 1};
      Must(clEnqueueFillImage(
          s_.queue, image, normalized ? static_cast<const void*>(floats) : static_cast<const void*>(integers),
          origin.data(), region.data(), 0, nullptr, nullptr));
      for (size_t y = 0; y < region[1]; ++y) {
        for (size_t x = 0; x < region[0]; ++x) {
          std::memcpy(&model[((origin[1] + y) * shape.width + origin[0] + x) * pixel_], pixel.data(), pixel_);
        }
      }
      ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), pixel_), model,
                  "fill of " + FormatName(format));
    }
  }

  // A 1D image over a buffer shows the buffer's bytes, and the other way round.
  void OverBuffer() {
    Bytes model = RandomBytes(4096, 7);
    const Mem buffer = MakeBuffer(s_.context, model.size(), CL_MEM_COPY_HOST_PTR, model.data());
    const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    cl_image_desc descriptor = ImageShape{CL_MEM_OBJECT_IMAGE1D_BUFFER, 1000, 1, 1}.Descriptor();
    descriptor.buffer = buffer;
    cl_int code = CL_SUCCESS;
    const Mem image(clCreateImage(s_.context, CL_MEM_READ_WRITE, &format, &descriptor, nullptr, &code));
    if (code != CL_SUCCESS) return PrintError("image over a buffer", code);
    ExpectBytes(ReadImage(s_.queue, image, {}, {1000, 1, 1}, 4).data(), model.data(), 4000,
                "image over a buffer");
    const Bytes data = RandomBytes(400, 8);
    WriteImage(s_.queue, image, {50, 0, 0}, {100, 1, 1}, data.data());
    std::copy(data.begin(), data.end(), model.begin() + 200);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, model.size()), model, "written through an image");
    WriteAll(s_.queue, buffer, data.data(), data.size());
    ExpectBytes(ReadImage(s_.queue, image, {}, {100, 1, 1}, 4).data(), data.data(), data.size(),
                "written through the buffer");
  }

  void Large() {
    const ImageShape shape = {CL_MEM_OBJECT_IMAGE2D, 2001, 1501, 1};
    const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    const Bytes data = RandomBytes(shape.Pixels() * 4, 9);
    const Mem image = MakeImage(s_.context, shape, format);
    WriteImage(s_.queue, image, {}, shape.Region(), data.data());
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), 4), data, "image of 12 MB");
  }

  Session s_;
  std::string title_;
  size_t pixel_ = 0;
};

}  // namespace

int main() {
  if (!ChooseDevice().HasImages()) Skip("the device has no images");
  Test().Run();
  return ExitCode();
}
