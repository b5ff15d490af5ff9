#include "command_graph/graph.h"

#include <algorithm>

#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr char kSource[] = R"(
kernel void blend(global uchar* to, global const uchar* from, uint shift, uchar factor, uint size) {
  uint i = get_global_id(0);
  to[i] = to[i] * factor + from[(i + shift) % size];
}
kernel void scramble(global uchar* data, uint seed) {
  uint i = get_global_id(0);
  data[i] ^= (uchar)((i * 2654435761u + seed) >> 13);
}
)";

constexpr size_t kBuffers = 6;
constexpr size_t kImages = 2;
constexpr size_t kSizes[] = {1000, 4096, 65536, 300001, 1 << 20};

}  // namespace

Graph::Graph(uint64_t seed)
    : random_(seed),
      program_(BuildProgram(s_.context, s_.device, kSource)),
      scramble_(MakeKernel(program_, "scramble")),
      alignment_(s_.device.Get<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8) {
  for (int i = 0; i < 4; ++i) {
    queues_.push_back(
        MakeQueue(s_.context, s_.device, i % 2 == 0 ? 0 : CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE));
  }
  for (size_t i = 0; i < kBuffers; ++i) objects_.push_back(NewBuffer());
  for (size_t i = 0; s_.device.HasImages() && i < kImages; ++i) objects_.push_back(NewImage());
}

void Graph::Run(int steps) {
  for (int i = 0; i < steps; ++i) Step();
  OpenGates();
  for (const Queue& queue : queues_) Must(clFinish(queue));
  CheckReads();
  for (size_t i = 0; i < objects_.size(); ++i) {
    const Object& object = *objects_[i];
    ExpectEqual(Contents(object), object.model, (object.image ? "image " : "buffer ") + std::to_string(i));
  }
  for (const auto& [name, count] : counts_) PrintNumber(name, count);
}

std::unique_ptr<Graph::Object> Graph::NewBuffer() {
  auto object = std::make_unique<Object>();
  object->model = RandomBytes(kSizes[random_.Below(std::size(kSizes))], random_.Next());
  object->mem = MakeBuffer(s_.context, object->model.size(), CL_MEM_COPY_HOST_PTR, object->model.data());
  return object;
}

Graph::Bytes Graph::Contents(const Object& object) {
  if (object.image) {
    size_t width = 0;
    size_t height = 0;
    Must(clGetImageInfo(object.mem, CL_IMAGE_WIDTH, sizeof width, &width, nullptr));
    Must(clGetImageInfo(object.mem, CL_IMAGE_HEIGHT, sizeof height, &height, nullptr));
    return ReadImage(queues_[0], object.mem, {}, {width, height, 1}, object.model.size() / (width * height));
  }
  return ReadVector<unsigned char>(queues_[0], object.mem, object.model.size());
}

Graph::Object& Graph::AnyObject(bool image) {
  return *objects_[image ? kBuffers + random_.Below(kImages) : random_.Below(kBuffers)];
}

Graph::Window Graph::AnyWindow(const Object& object) {
  Window window;
  size_t limit = object.model.size();
  window.mem = object.mem;
  if (random_.OneIn(3) && limit > 2 * alignment_) {
    window.base = random_.Below(limit / alignment_ - 1) * alignment_;
    limit = 1 + random_.Below(limit - window.base);
    const cl_buffer_region region = {window.base, limit};
    cl_int code = CL_SUCCESS;
    window.owned = Mem(clCreateSubBuffer(object.mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
    Must(code);
    window.mem = window.owned;
  }
  window.offset = random_.Below(limit);
  window.size = 1 + random_.Below(std::min<size_t>(limit - window.offset, 1 << 18));
  return window;
}

std::vector<cl_event> Graph::Wait(Objects written, Objects read) {
  std::vector<cl_event> wait;
  for (Object* object : written) {
    if (object->last_write != nullptr) wait.push_back(object->last_write);
    for (const Event& event : object->reads) wait.push_back(event);
  }
  for (Object* object : read) {
    if (object->last_write != nullptr) wait.push_back(object->last_write);
  }
  if (random_.OneIn(40)) {
    gates_.push_back(MakeUserEvent(s_.context));
    wait.push_back(gates_.back());
  }
  return wait;
}

void Graph::Note(const Event& event, Objects written, Objects read) {
  const auto another = [&] {
    Must(clRetainEvent(event));
    return Event(event.get());
  };
  for (Object* object : written) {
    object->last_write = another();
    object->reads.clear();
  }
  for (Object* object : read) object->reads.push_back(another());
  // A queue may wait for an event of another one only if that is flushed.
  for (const Queue& queue : queues_) Must(clFlush(queue));
}

void Graph::OpenGates() {
  for (const Event& gate : gates_) Must(clSetUserEventStatus(gate, CL_COMPLETE));
  // Those whose commands have not been enqueued yet live on in the wait list.
  for (Event& gate : gates_) opened_.push_back(std::move(gate));
  gates_.clear();
}

void Graph::Step() {
  if (random_.OneIn(15)) OpenGates();
  using Kind = void (Graph::*)();
  static constexpr Kind kKinds[] = {
      &Graph::Write,         &Graph::Write,         &Graph::Read,
      &Graph::Copy,          &Graph::Fill,          &Graph::CopyRect,
      &Graph::Blend,         &Graph::Blend,         &Graph::Scramble,
      &Graph::MapAndChange,  &Graph::Other,         &Graph::WriteBox,
      &Graph::ImageToBuffer, &Graph::BufferToImage, &Graph::CopyBetweenImages,
  };
  constexpr size_t kOnImages = 4;
  const bool images = objects_.size() > kBuffers;
  (this->*kKinds[random_.Below(images ? std::size(kKinds) : std::size(kKinds) - kOnImages)])();
}

void Graph::CheckReads() {
  size_t wrong = 0;
  for (const auto& [got, expected] : reads_) wrong += *got == expected ? 0 : 1;
  Expect(wrong == 0, "reads on the way", std::to_string(wrong) + " of " + std::to_string(reads_.size()));
}

// Commands without data, and buffers that come and go.
void Graph::Other() {
  ++counts_["others"];
  switch (random_.Below(4)) {
    case 0:
      Must(clEnqueueBarrierWithWaitList(AnyQueue(), 0, nullptr, nullptr));
      return;
    case 1:
      Must(clEnqueueMarkerWithWaitList(AnyQueue(), 0, nullptr, nullptr));
      return;
    case 2:
      OpenGates();
      Must(clFinish(AnyQueue()));
      return;
    default:
      objects_[random_.Below(kBuffers)] = NewBuffer();
      return;
  }
}

}  // namespace clopencl::programs
