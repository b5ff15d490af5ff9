#include "span_graph/graph.h"

#include <algorithm>

#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr char kSource[] = R"(
kernel void scramble(global uint* data, uint seed) {
  size_t i = get_global_id(0);
  data[i] = data[i] * 1664525u + seed + (uint)i;
}
kernel void blend(global uint* to, global const uint* from, uint factor) {
  size_t i = get_global_id(0);
  to[i] = to[i] * factor + from[i];
}
)";

constexpr size_t kBuffers = 5;
constexpr size_t kImages = 2;
constexpr size_t kSizes[] = {64, 1000, 4096, 20000, 70000, 300000};
constexpr size_t kMostLate = 3;
constexpr cl_int kFailure = -77;

uint64_t StepSeed(uint64_t seed, int number) {
  return Random(seed * 1000003 + static_cast<uint64_t>(number)).Next();
}

Program NewProgram(cl_context context) {
  const char* source = kSource;
  cl_int code = CL_SUCCESS;
  Program program(clCreateProgramWithSource(context, 1, &source, nullptr, &code));
  Must(code);
  Must(clBuildProgram(program, 0, nullptr, "", nullptr, nullptr));
  return program;
}

// Where two of the same size differ.
std::string Difference(const std::vector<unsigned char>& got, const std::vector<unsigned char>& expected) {
  const auto first = std::mismatch(got.begin(), got.end(), expected.begin()).first - got.begin();
  const auto last = got.rend() - std::mismatch(got.rbegin(), got.rend(), expected.rbegin()).first;
  return "bytes " + std::to_string(first) + " to " + std::to_string(last) + " of " +
         std::to_string(got.size());
}

}  // namespace

SpanGraph::SpanGraph(const std::vector<Device>& devices, const GraphOptions& options)
    : devices_(devices),
      options_(options),
      random_(StepSeed(options.seed, -1)),
      context_(MakeContext(devices)),
      program_(NewProgram(context_)),
      scramble_(MakeKernel(program_, "scramble")),
      blend_(MakeKernel(program_, "blend")) {
  images_ = true;
  for (const Device& device : devices_) {
    alignment_ = std::max<size_t>(alignment_, device.Get<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8);
    images_ = images_ && device.HasImages();
    for (const bool in_order : {true, false}) {
      Lane& lane = lanes_.emplace_back();
      lane.queue = MakeQueue(context_, device, in_order ? 0 : CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
      lane.in_order = in_order;
    }
  }
  for (size_t i = 0; i < kBuffers; ++i) buffers_.push_back(NewBuffer());
  for (size_t i = 0; images_ && i < kImages; ++i) image_objects_.push_back(NewImage());
}

std::string SpanGraph::Run() {
  for (int number : options_.steps) Step(number);
  random_ = Random(StepSeed(options_.seed, -2));
  while (!late_.empty()) OpenLate();
  OpenGates();
  FlushAll();
  for (const Lane& lane : lanes_) Finish(lane);
  for (const auto& command : commands_) WaitOnHost(command);  // Those of the late ones' queues.
  return Check();
}

SpanGraph::ObjectRef SpanGraph::NewBuffer() {
  auto object = std::make_shared<Object>();
  object->model = RandomBytes(kSizes[random_.Below(std::size(kSizes))], random_.Next());
  if (random_.OneIn(4)) {
    object->host = object->model;
    object->mem = MakeBuffer(context_, object->model.size(), CL_MEM_USE_HOST_PTR, object->host.data());
  } else {
    object->mem = MakeBuffer(context_, object->model.size(), CL_MEM_COPY_HOST_PTR, object->model.data());
  }
  return object;
}

const SpanGraph::ObjectRef& SpanGraph::AnyBuffer() { return buffers_[random_.Below(buffers_.size())]; }
const SpanGraph::ObjectRef& SpanGraph::AnyImage() {
  return image_objects_[random_.Below(image_objects_.size())];
}
const SpanGraph::Lane& SpanGraph::AnyLane() { return lanes_[random_.Below(lanes_.size())]; }

Queue SpanGraph::LateQueue() { return MakeQueue(context_, devices_[random_.Below(devices_.size())]); }

// `words`: whole 32-bit words.
SpanGraph::Window SpanGraph::AnyWindow(const ObjectRef& object, bool words) {
  const size_t unit = words ? sizeof(cl_uint) : 1;
  Window window;
  window.object = object;
  window.mem = object->mem;
  window.extent = object->model.size();
  if (random_.OneIn(2) && window.extent > 2 * alignment_) {
    window.base = random_.Below(window.extent / alignment_ - 1) * alignment_;
    const size_t units = (window.extent - window.base) / unit;
    window.extent = (1 + random_.Below(units)) * unit;
    const cl_buffer_region region = {window.base, window.extent};
    cl_int code = CL_SUCCESS;
    window.owned = std::make_shared<Mem>(
        clCreateSubBuffer(object->mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
    Must(code);
    window.mem = *window.owned;
  }
  const size_t units = window.extent / unit;
  const size_t first = words ? 0 : random_.Below(units);
  window.offset = first * unit;
  window.size = (1 + random_.Below(units - first)) * unit;
  return window;
}

// --- order

std::vector<cl_event> SpanGraph::Before(cl_command_queue queue, bool in_order, const Uses& uses) {
  std::vector<cl_event> wait;
  for (const Use& use : uses) {
    for (const Access& access : use.object->accesses) {
      const Command& command = *access.command;
      const bool apart = access.end <= use.begin || use.end <= access.begin;
      if (apart || command.finished || !(access.write || use.write)) continue;
      if (in_order && command.queue == queue) continue;  // The queue's order is enough.
      if (std::find(wait.begin(), wait.end(), command.event.get()) == wait.end())
        wait.push_back(command.event);
    }
  }
  return wait;
}

void SpanGraph::Note(const Uses& uses, const std::shared_ptr<Command>& command) {
  commands_.push_back(command);
  for (const Use& use : uses) {
    auto& accesses = use.object->accesses;
    // Whoever waits for this one waits for what it waited for.
    std::erase_if(accesses, [&](const Access& earlier) {
      return earlier.command != command && use.write && use.begin <= earlier.begin && earlier.end <= use.end;
    });
    accesses.push_back({use.begin, use.end, use.write, command});
  }
}

void SpanGraph::Do(const Uses& uses, const Enqueue& enqueue, const Apply& apply) {
  if (late_.size() < kMostLate && random_.OneIn(12)) return DoLate(uses, enqueue, apply);
  if (random_.OneIn(25) && options_.failures) return DoDoomed(uses, enqueue);
  const Lane& lane = AnyLane();
  std::vector<cl_event> wait = Before(lane.queue, lane.in_order, uses);
  if (random_.OneIn(15)) {
    gates_.push_back(MakeUserEvent(context_));
    wait.push_back(gates_.back());
  }
  if (!wait.empty() && random_.OneIn(6)) {
    Must(clEnqueueBarrierWithWaitList(lane.queue, CountOf(wait), ListOf(wait), nullptr));
    wait.clear();
  }
  auto command = std::make_shared<Command>();
  command->queue = lane.queue;
  command->in_order = lane.in_order;
  Must(enqueue(lane.queue, CountOf(wait), ListOf(wait), command->event.Out()));
  apply();
  Note(uses, command);
  if (random_.OneIn(3)) Must(clFlush(lane.queue));
}

void SpanGraph::DoBlocking(const Uses& uses, const Enqueue& enqueue, const Apply& apply) {
  OpenGates();
  FlushAll();
  const Lane& lane = AnyLane();
  const std::vector<cl_event> wait = Before(lane.queue, lane.in_order, uses);
  auto command = std::make_shared<Command>();
  command->queue = lane.queue;
  command->in_order = lane.in_order;
  Must(enqueue(lane.queue, CountOf(wait), ListOf(wait), command->event.Out()));
  command->finished = true;
  apply();
  Note(uses, command);
}

// In a queue of its own, which is released at once.
void SpanGraph::DoLate(const Uses& uses, const Enqueue& enqueue, const Apply& apply) {
  Tell("  late");
  const Queue queue = LateQueue();
  std::vector<cl_event> wait = Before(queue, false, uses);
  Late late;
  late.gate = MakeUserEvent(context_);
  wait.push_back(late.gate);
  late.command = std::make_shared<Command>();
  Must(enqueue(queue, CountOf(wait), ListOf(wait), late.command->event.Out()));
  Must(clFlush(queue));
  late.uses = uses;
  late.apply = apply;
  late_.push_back(std::move(late));
}

// Something in its wait list fails, so that it does not run.
void SpanGraph::DoDoomed(const Uses& uses, const Enqueue& enqueue) {
  Tell("  doomed");
  const Queue queue = LateQueue();
  std::vector<cl_event> wait = Before(queue, false, uses);
  const Event gate = MakeUserEvent(context_);
  const bool first = random_.OneIn(2);
  if (first) Must(clSetUserEventStatus(gate, kFailure));
  // A command of another device in between.
  Event between;
  if (random_.OneIn(2)) {
    const Queue other = LateQueue();
    const cl_event gate_event = gate;
    Must(clEnqueueMarkerWithWaitList(other, 1, &gate_event, between.Out()));
    Must(clFlush(other));
    wait.push_back(between);
  } else {
    wait.push_back(gate);
  }
  auto command = std::make_shared<Command>();
  Must(enqueue(queue, CountOf(wait), ListOf(wait), command->event.Out()));
  Must(clFlush(queue));
  if (!first) Must(clSetUserEventStatus(gate, kFailure));
  doomed_.emplace_back(command, step_);
}

void SpanGraph::OpenGates() {
  for (const Event& gate : gates_) Must(clSetUserEventStatus(gate, CL_COMPLETE));
  gates_.clear();
}

// The application waits for what has to be before the oldest late command, then lets that go.
void SpanGraph::OpenLate() {
  Tell("  let go");
  OpenGates();
  FlushAll();
  Late late = std::move(late_.front());
  late_.pop_front();
  for (const Use& use : late.uses) {
    for (const Access& access : std::vector<Access>(use.object->accesses)) {
      const bool apart = access.end <= use.begin || use.end <= access.begin;
      if (!apart && (access.write || use.write)) WaitOnHost(access.command);
    }
  }
  Must(clSetUserEventStatus(late.gate, CL_COMPLETE));
  late.apply();
  Note(late.uses, late.command);
}

void SpanGraph::WaitOnHost(const std::shared_ptr<Command>& command) {
  if (command->finished) return;
  const cl_event event = command->event;
  Must(clWaitForEvents(1, &event));
  command->finished = true;
}

// A queue may wait for an event of another one only if that is flushed, and the host is about to wait.
void SpanGraph::FlushAll() {
  for (const Lane& lane : lanes_) Must(clFlush(lane.queue));
}

void SpanGraph::Finish(const Lane& lane) {
  Must(clFinish(lane.queue));
  for (const auto& command : commands_)
    if (command->queue == lane.queue) command->finished = true;
}

// --- steps

void SpanGraph::Step(int number) {
  step_ = number;
  random_ = Random(StepSeed(options_.seed, number));
  if (random_.OneIn(10)) OpenGates();
  if (!late_.empty() && random_.OneIn(6)) OpenLate();
  using Kind = void (SpanGraph::*)();
  static constexpr Kind kKinds[] = {
      &SpanGraph::Write,          &SpanGraph::Write,      &SpanGraph::WriteRows,
      &SpanGraph::Read,           &SpanGraph::Copy,       &SpanGraph::Copy,
      &SpanGraph::CopyRows,       &SpanGraph::Fill,       &SpanGraph::Map,
      &SpanGraph::Scramble,       &SpanGraph::Scramble,   &SpanGraph::Blend,
      &SpanGraph::Blend,          &SpanGraph::Migrate,    &SpanGraph::Order,
      &SpanGraph::Replace,        &SpanGraph::MapImage,   &SpanGraph::ReadImagePart,
      &SpanGraph::WriteImagePart, &SpanGraph::CopyImages, &SpanGraph::ImageToBuffer,
      &SpanGraph::BufferToImage,
  };
  constexpr size_t kOnImages = 6;
  const size_t kinds = std::size(kKinds) - (images_ ? 0 : kOnImages);
  (this->*kKinds[random_.Below(kinds)])();
}

// Commands without data.
void SpanGraph::Order() {
  const Lane& lane = AnyLane();
  switch (random_.Below(4)) {
    case 0:
      Tell("barrier");
      Must(clEnqueueBarrierWithWaitList(lane.queue, 0, nullptr, nullptr));
      return;
    case 1: {
      Tell("marker");
      Event event;
      Must(clEnqueueMarkerWithWaitList(lane.queue, 0, nullptr, event.Out()));
      if (random_.OneIn(2)) return;
      OpenGates();
      FlushAll();
      const cl_event wait = event;
      Must(clWaitForEvents(1, &wait));
      return;
    }
    case 2:
      Tell("finish");
      OpenGates();
      FlushAll();
      Finish(lane);
      return;
    default:
      Tell("flush");
      Must(clFlush(lane.queue));
  }
}

void SpanGraph::Replace() {
  Tell("another buffer");
  ObjectRef& place = buffers_[random_.Below(buffers_.size())];
  if (!place->host.empty()) retired_.push_back(place);
  place = NewBuffer();
}

std::string SpanGraph::Check() {
  for (const ReadBack& read : reads_)
    if (*read.got != read.expected) return "a read, step " + std::to_string(read.step);
  for (const auto& [command, step] : doomed_) {
    const cl_event event = command->event;
    if (clWaitForEvents(1, &event) != CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST || EventStatus(event) >= 0)
      return "a command that ran though something in its wait list failed, step " + std::to_string(step);
  }
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const Object& object = *buffers_[i];
    const Bytes got = ReadVector<unsigned char>(AnyLane().queue, object.mem, object.model.size());
    if (got != object.model) return "buffer " + std::to_string(i) + ", " + Difference(got, object.model);
  }
  for (size_t i = 0; i < image_objects_.size(); ++i) {
    const Object& object = *image_objects_[i];
    size_t width = 0;
    Must(clGetImageInfo(object.mem, CL_IMAGE_WIDTH, sizeof width, &width, nullptr));
    const Triple region = {width, object.model.size() / width / 4, 1};
    if (ReadImage(AnyLane().queue, object.mem, {}, region, 4) != object.model)
      return "image " + std::to_string(i);
  }
  return wrong_;
}

void SpanGraph::Tell(const std::string& text) {
  if (options_.tell) Print("step " + std::to_string(step_), text);
}

}  // namespace clopencl::programs
