// Steps on images. A command on a part of an image counts as one on all of it.
#include <algorithm>

#include "span_graph/graph.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr ImageShape kShape = {CL_MEM_OBJECT_IMAGE2D, 40, 30, 1};
constexpr cl_image_format kFormat = {CL_RGBA, CL_UNSIGNED_INT8};
constexpr size_t kPixel = 4;

ImageShape Box(const Triple& region) { return {CL_MEM_OBJECT_IMAGE2D, region[0], region[1], 1}; }

}  // namespace

struct SpanGraph::Part {
  Triple region{};
  Triple origin{};
  size_t size() const { return region[0] * region[1] * kPixel; }
};

SpanGraph::Part SpanGraph::AnyPart() {
  Part part;
  part.region = {1 + random_.Below(kShape.width), 1 + random_.Below(kShape.height), 1};
  part.origin = {random_.Below(kShape.width - part.region[0] + 1),
                 random_.Below(kShape.height - part.region[1] + 1), 0};
  return part;
}

SpanGraph::ObjectRef SpanGraph::NewImage() {
  auto object = std::make_shared<Object>();
  object->image = true;
  object->model = RandomBytes(kShape.Pixels() * kPixel, random_.Next());
  object->mem = MakeImage(context_, kShape, kFormat, CL_MEM_COPY_HOST_PTR, object->model.data());
  return object;
}

void SpanGraph::WriteImagePart() {
  const ObjectRef image = AnyImage();
  const Part part = AnyPart();
  Tell("image write");
  const Bytes& data = data_.emplace_back(RandomBytes(part.size(), random_.Next()));
  Do(
      {{image, 0, image->model.size(), true}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueWriteImage(queue, image->mem, CL_FALSE, part.origin.data(), part.region.data(), 0, 0,
                                   data.data(), count, list, event);
      },
      [=, &data] {
        CopyPixels(image->model, kShape, part.origin, data, Box(part.region), {}, part.region, kPixel);
      });
}

void SpanGraph::ReadImagePart() {
  const ObjectRef image = AnyImage();
  const Part part = AnyPart();
  Tell("image read");
  Bytes& got = data_.emplace_back(part.size());
  Do(
      {{image, 0, image->model.size(), false}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueReadImage(queue, image->mem, CL_FALSE, part.origin.data(), part.region.data(), 0, 0,
                                  got.data(), count, list, event);
      },
      [this, image, part, &got, step = step_] {
        Bytes expected(part.size());
        CopyPixels(expected, Box(part.region), {}, image->model, kShape, part.origin, part.region, kPixel);
        reads_.push_back({&got, std::move(expected), step});
      });
}

void SpanGraph::CopyImages() {
  const ObjectRef from = AnyImage();
  const ObjectRef to = AnyImage();
  if (from == to) return;
  const Part part = AnyPart();
  Tell("image copy");
  const Triple zero = {0, 0, 0};
  Do(
      {{to, 0, to->model.size(), true}, {from, 0, from->model.size(), false}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueCopyImage(queue, from->mem, to->mem, part.origin.data(), zero.data(),
                                  part.region.data(), count, list, event);
      },
      [=] { CopyPixels(to->model, kShape, zero, from->model, kShape, part.origin, part.region, kPixel); });
}

void SpanGraph::ImageToBuffer() {
  const ObjectRef image = AnyImage();
  const ObjectRef buffer = AnyBuffer();
  const Part part = AnyPart();
  if (part.size() > buffer->model.size()) return;
  const size_t offset = random_.Below(buffer->model.size() - part.size() + 1);
  Tell("image to buffer");
  Do(
      {{buffer, offset, offset + part.size(), true}, {image, 0, image->model.size(), false}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueCopyImageToBuffer(queue, image->mem, buffer->mem, part.origin.data(),
                                          part.region.data(), offset, count, list, event);
      },
      [=] {
        Bytes packed(part.size());
        CopyPixels(packed, Box(part.region), {}, image->model, kShape, part.origin, part.region, kPixel);
        std::copy(packed.begin(), packed.end(), buffer->model.begin() + static_cast<std::ptrdiff_t>(offset));
      });
}

void SpanGraph::BufferToImage() {
  const ObjectRef image = AnyImage();
  const ObjectRef buffer = AnyBuffer();
  const Part part = AnyPart();
  if (part.size() > buffer->model.size()) return;
  const size_t offset = random_.Below(buffer->model.size() - part.size() + 1);
  Tell("buffer to image");
  Do(
      {{image, 0, image->model.size(), true}, {buffer, offset, offset + part.size(), false}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueCopyBufferToImage(queue, buffer->mem, image->mem, offset, part.origin.data(),
                                          part.region.data(), count, list, event);
      },
      [=] {
        const Bytes packed(&buffer->model[offset], &buffer->model[offset] + part.size());
        CopyPixels(image->model, kShape, part.origin, packed, Box(part.region), {}, part.region, kPixel);
      });
}

void SpanGraph::MapImage() {
  const ObjectRef image = AnyImage();
  Tell("image map");
  const Triple zero = {0, 0, 0};
  const Triple whole = kShape.Region();
  const Use use = {image, 0, image->model.size(), true};
  size_t pitch = 0;
  unsigned char* mapped = nullptr;
  DoBlocking(
      {use},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        cl_int code = CL_SUCCESS;
        mapped = static_cast<unsigned char*>(
            clEnqueueMapImage(queue, image->mem, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, zero.data(),
                              whole.data(), &pitch, nullptr, count, list, event, &code));
        return code;
      },
      [] {});
  const size_t row = kShape.width * kPixel;
  for (size_t y = 0; y < kShape.height; ++y) {
    unsigned char* model = &image->model[y * row];
    if (!std::equal(model, model + row, mapped + y * pitch))
      wrong_ = "an image mapping, step " + std::to_string(step_);
    mapped[y * pitch] = model[0] = static_cast<unsigned char>(random_.Next());
  }
  const Lane& lane = AnyLane();
  auto command = std::make_shared<Command>();
  command->queue = lane.queue;
  command->in_order = lane.in_order;
  Must(clEnqueueUnmapMemObject(lane.queue, image->mem, mapped, 0, nullptr, command->event.Out()));
  Note({use}, command);
}

}  // namespace clopencl::programs
