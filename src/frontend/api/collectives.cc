// cl_clopencl_collectives (cl_ext_clopencl.h): commands of several queues at once, made of ordinary commands.
// What has to travel goes from server to server as contents do for any command; which server sends to which
// follows from who has what at the time (Mem::MoveContents), so that a broadcast becomes a tree and an
// all-gather spreads over all links. A reduction is a binary tree of kernels.
#include "frontend/api/collectives.h"

#include <string>
#include <utility>
#include <vector>

#include "frontend/api/api.h"
#include "frontend/api/mem_checks.h"
#include "frontend/core/command.h"
#include "frontend/core/context.h"
#include "frontend/core/device.h"
#include "frontend/core/own_programs.h"

namespace clopencl::frontend::api {
namespace {

// The application's share of an object, dropped at the end.
template <typename Handle, void (*kRelease)(Handle)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ != nullptr) kRelease(handle_);
  }
  Handle get() const { return handle_; }
  Handle* Out() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};
using OwnedEvent = Owned<cl_event, &ReleaseEvent>;
using OwnedMem = Owned<cl_mem, &ReleaseMemObject>;
using OwnedKernel = Owned<cl_kernel, &ReleaseKernel>;
using OwnedProgram = Owned<cl_program, &ReleaseProgram>;

using Queues = std::vector<Queue*>;

Queues GetQueues(cl_uint count, const cl_command_queue* handles) {
  Require(count > 0 && handles != nullptr, CL_INVALID_VALUE);
  Queues queues;
  for (cl_uint i = 0; i < count; ++i) {
    queues.push_back(&GetHostQueue(handles[i]));
    Require(&queues[i]->context() == &queues[0]->context(), CL_INVALID_CONTEXT);
  }
  return queues;
}

size_t OffsetOf(const size_t* offsets, size_t i) { return offsets != nullptr ? offsets[i] : 0; }

// One buffer for each queue, with room for `size` bytes at its offset.
void CheckBuffers(const Queues& queues, const cl_mem* buffers, const size_t* offsets, size_t size) {
  Require(buffers != nullptr, CL_INVALID_VALUE);
  for (size_t i = 0; i < queues.size(); ++i) {
    const Mem& buffer = GetBuffer(*queues[i], buffers[i]);
    Require(Inside(OffsetOf(offsets, i), size, buffer.size()), CL_INVALID_VALUE);
  }
}

// The commands that a collective consists of, each in the queue of a device. What a part reads may be the
// business of another queue than its own: the part waits for what that one holds, and what comes to it later
// waits for the part. Out-of-order queues promise nothing of that kind.
class Parts {
 public:
  Parts(const Queues& queues, cl_uint num_events, const cl_event* events)
      : queues_(queues),
        num_events_(num_events),
        events_(events),
        before_(queues.size()),
        readers_(queues.size()) {}

  // Calls enqueue(number of events, list, event) for a part in queue `in` that reads what is `owner`'s.
  template <typename Enqueue>
  void Add(size_t in, size_t owner, Enqueue enqueue) {
    OwnedEvent& event = parts_.emplace_back();
    if (queues_[owner] == queues_[in] || !queues_[owner]->in_order()) {
      enqueue(num_events_, events_, event.Out());
      return;
    }
    OwnedEvent& before = before_[owner];
    if (before.get() == nullptr)
      EnqueueMarkerWithWaitList(queues_[owner]->handle(), num_events_, events_, before.Out());
    enqueue(cl_uint{1}, before.Out(), event.Out());
    readers_[owner].push_back(event.get());
  }

  // After the last part. The event of the whole is the first queue's.
  void Finish(cl_command_type type, cl_event* event) {
    for (size_t i = 0; i < queues_.size(); ++i) {
      if (!readers_[i].empty()) Mark(i, readers_[i], nullptr);
    }
    if (event == nullptr) return;
    std::vector<cl_event> all;
    for (const OwnedEvent& part : parts_) all.push_back(part.get());
    Mark(0, all, event);
    FromHandle<Event>(*event)->set_type(type);
  }

 private:
  void Mark(size_t queue, const std::vector<cl_event>& wait_list, cl_event* event) {
    EnqueueMarkerWithWaitList(queues_[queue]->handle(), static_cast<cl_uint>(wait_list.size()),
                              wait_list.data(), event);
  }

  const Queues& queues_;
  const cl_uint num_events_;
  const cl_event* const events_;
  std::vector<OwnedEvent> before_;              // By queue: what it held.
  std::vector<std::vector<cl_event>> readers_;  // By queue: parts of others that read what is its.
  std::vector<OwnedEvent> parts_;
};

}  // namespace

void EnqueueBroadcastBuffer(cl_uint num_queues, const cl_command_queue* queue_handles, cl_mem handle,
                            size_t offset, size_t size, cl_uint num_events, const cl_event* events,
                            cl_event* event) {
  const Queues queues = GetQueues(num_queues, queue_handles);
  Mem& buffer = GetBuffer(*queues[0], handle);
  const WaitList wait_list(queues[0]->context(), num_events, events);
  Require(size > 0 && Inside(offset, size, buffer.size()), CL_INVALID_VALUE);
  Parts parts(queues, num_events, events);
  for (size_t i = 0; i < queues.size(); ++i) {
    parts.Add(i, 0, [&](cl_uint count, const cl_event* list, cl_event* part) {
      const WaitList waits(queues[i]->context(), count, list);
      PendingCommand command(*queues[i], CL_COMMAND_BROADCAST_BUFFER_CLOPENCL, waits, true);
      command.Access(buffer, offset, size, true, false);
      const MemId id = buffer.id();
      command.Post(wire::MigrateMemObjects{command.wire(), std::span(&id, 1), 0});
      command.Commit(part);
    });
  }
  parts.Finish(CL_COMMAND_BROADCAST_BUFFER_CLOPENCL, event);
}

void EnqueueScatterBuffer(cl_uint num_queues, const cl_command_queue* queue_handles, cl_mem source,
                          size_t source_offset, const cl_mem* destinations, const size_t* destination_offsets,
                          size_t size, cl_uint num_events, const cl_event* events, cl_event* event) {
  const Queues queues = GetQueues(num_queues, queue_handles);
  const Mem& whole = GetBuffer(*queues[0], source);
  const WaitList wait_list(queues[0]->context(), num_events, events);
  Require(
      size > 0 && size <= whole.size() / num_queues && Inside(source_offset, size * num_queues, whole.size()),
      CL_INVALID_VALUE);
  CheckBuffers(queues, destinations, destination_offsets, size);
  Parts parts(queues, num_events, events);
  for (size_t i = 0; i < queues.size(); ++i) {
    parts.Add(i, 0, [&](cl_uint count, const cl_event* list, cl_event* part) {
      EnqueueCopyBuffer(queue_handles[i], source, destinations[i], source_offset + i * size,
                        OffsetOf(destination_offsets, i), size, count, list, part);
    });
  }
  parts.Finish(CL_COMMAND_SCATTER_BUFFER_CLOPENCL, event);
}

void EnqueueGatherBuffers(cl_uint num_queues, const cl_command_queue* queue_handles, const cl_mem* sources,
                          const size_t* source_offsets, cl_mem destination, size_t destination_offset,
                          size_t size, cl_uint num_events, const cl_event* events, cl_event* event) {
  const Queues queues = GetQueues(num_queues, queue_handles);
  const Mem& whole = GetBuffer(*queues[0], destination);
  const WaitList wait_list(queues[0]->context(), num_events, events);
  Require(size > 0 && size <= whole.size() / num_queues &&
              Inside(destination_offset, size * num_queues, whole.size()),
          CL_INVALID_VALUE);
  CheckBuffers(queues, sources, source_offsets, size);
  Parts parts(queues, num_events, events);
  for (size_t i = 0; i < queues.size(); ++i) {
    parts.Add(0, i, [&](cl_uint count, const cl_event* list, cl_event* part) {
      EnqueueCopyBuffer(queue_handles[0], sources[i], destination, OffsetOf(source_offsets, i),
                        destination_offset + i * size, size, count, list, part);
    });
  }
  parts.Finish(CL_COMMAND_GATHER_BUFFERS_CLOPENCL, event);
}

void EnqueueAllGatherBuffers(cl_uint num_queues, const cl_command_queue* queue_handles, const cl_mem* sources,
                             const size_t* source_offsets, const cl_mem* destinations,
                             const size_t* destination_offsets, size_t size, cl_uint num_events,
                             const cl_event* events, cl_event* event) {
  const Queues queues = GetQueues(num_queues, queue_handles);
  const WaitList wait_list(queues[0]->context(), num_events, events);
  Require(size > 0 && size <= SIZE_MAX / num_queues, CL_INVALID_VALUE);
  CheckBuffers(queues, sources, source_offsets, size);
  CheckBuffers(queues, destinations, destination_offsets, size * num_queues);
  Parts parts(queues, num_events, events);
  // A ring: in each round everybody takes what its neighbour got in the round before.
  for (size_t round = 0; round < queues.size(); ++round) {
    for (size_t i = 0; i < queues.size(); ++i) {
      const size_t from = (i + round) % queues.size();
      parts.Add(i, from, [&](cl_uint count, const cl_event* list, cl_event* part) {
        EnqueueCopyBuffer(queue_handles[i], sources[from], destinations[i], OffsetOf(source_offsets, from),
                          OffsetOf(destination_offsets, i) + from * size, size, count, list, part);
      });
    }
  }
  parts.Finish(CL_COMMAND_ALL_GATHER_BUFFERS_CLOPENCL, event);
}

namespace {

struct Element {
  const char* name;
  size_t size;
};

Element ElementOf(cl_reduction_type_clopencl type) {
  switch (type) {
    case CL_REDUCTION_FLOAT_CLOPENCL:
      return {"float", sizeof(cl_float)};
    case CL_REDUCTION_DOUBLE_CLOPENCL:
      return {"double", sizeof(cl_double)};
    case CL_REDUCTION_INT_CLOPENCL:
      return {"int", sizeof(cl_int)};
    default:
      Fail(CL_INVALID_VALUE);
  }
}

const char* NameOf(cl_reduction_operation_clopencl operation) {
  switch (operation) {
    case CL_REDUCTION_SUM_CLOPENCL:
      return "sum";
    case CL_REDUCTION_MIN_CLOPENCL:
      return "min";
    case CL_REDUCTION_MAX_CLOPENCL:
      return "max";
    default:
      Fail(CL_INVALID_VALUE);
  }
}

// "clopencl_sum_float" and so on.
std::string SourceOf(const Element& element) {
  const std::string type = element.name;
  const bool is_int = type == "int";
  const auto kernel = [&](const std::string& name, const std::string& result) {
    return "kernel void clopencl_" + name + "_" + type + "(global " + type + "* to, global const " + type +
           "* from) {\n  size_t i = get_global_id(0);\n  to[i] = " + result + ";\n}\n";
  };
  std::string source = type == "double" ? "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n" : "";
  source += kernel("sum", "to[i] + from[i]");
  source += kernel("min", is_int ? "min(to[i], from[i])" : "fmin(to[i], from[i])");
  source += kernel("max", is_int ? "max(to[i], from[i])" : "fmax(to[i], from[i])");
  return source;
}

// Built once for a context and type.
Ref<Program> ProgramOf(Context& context, const Element& element) {
  Ref<Program> program = OwnPrograms::Find(context, element.name);
  if (program.get() != nullptr) return program;
  const std::string source = SourceOf(element);
  const char* text = source.c_str();
  const OwnedProgram built(CreateProgramWithSource(context.handle(), 1, &text, nullptr));
  BuildProgram(built.get(), 0, nullptr, "", nullptr, nullptr);
  program = Ref(*FromHandle<Program>(built.get()));
  OwnPrograms::Keep(context, element.name, *program);
  return program;
}

}  // namespace

void EnqueueReduceBuffers(cl_uint num_queues, const cl_command_queue* queue_handles, const cl_mem* sources,
                          const size_t* source_offsets, cl_mem destination, size_t destination_offset,
                          size_t count, cl_reduction_type_clopencl type,
                          cl_reduction_operation_clopencl operation, cl_uint num_events,
                          const cl_event* events, cl_event* event) {
  const Queues queues = GetQueues(num_queues, queue_handles);
  const Mem& result = GetBuffer(*queues[0], destination);
  const WaitList wait_list(queues[0]->context(), num_events, events);
  const Element element = ElementOf(type);
  const std::string name = std::string("clopencl_") + NameOf(operation) + "_" + element.name;
  Require(count > 0 && count <= SIZE_MAX / element.size, CL_INVALID_VALUE);
  const size_t size = count * element.size;
  Require(Inside(destination_offset, size, result.size()), CL_INVALID_VALUE);
  CheckBuffers(queues, sources, source_offsets, size);
  Context& context = queues[0]->context();
  for (const auto& device : context.devices())
    Require(type != CL_REDUCTION_DOUBLE_CLOPENCL || device->HasExtension("cl_khr_fp64"),
            CL_INVALID_OPERATION);
  const Ref<Program> program = ProgramOf(context, element);
  const OwnedKernel kernel(CreateKernel(program->handle(), name.c_str()));

  // Everybody's part, to be added to.
  std::vector<OwnedMem> sums;
  std::vector<OwnedEvent> done(queues.size());
  for (size_t i = 0; i < queues.size(); ++i) {
    const cl_mem sum = sums.emplace_back(CreateBuffer(context.handle(), 0, size, nullptr)).get();
    EnqueueCopyBuffer(queue_handles[i], sources[i], sum, OffsetOf(source_offsets, i), 0, size, num_events,
                      events, done[i].Out());
  }
  for (size_t step = 1; step < queues.size(); step *= 2) {
    for (size_t i = 0; i + step < queues.size(); i += 2 * step) {
      const cl_mem to = sums[i].get(), from = sums[i + step].get();
      SetKernelArg(kernel.get(), 0, sizeof to, &to);
      SetKernelArg(kernel.get(), 1, sizeof from, &from);
      const cl_event both[] = {done[i].get(), done[i + step].get()};
      OwnedEvent added;
      EnqueueNDRangeKernel(queue_handles[i], kernel.get(), 1, nullptr, &count, nullptr, 2, both, added.Out());
      done[i] = std::move(added);
    }
  }
  OwnedEvent copied;
  EnqueueCopyBuffer(queue_handles[0], sums[0].get(), destination, 0, destination_offset, size, 1,
                    done[0].Out(), copied.Out());
  if (event == nullptr) return;
  *event = std::exchange(*copied.Out(), nullptr);
  FromHandle<Event>(*event)->set_type(CL_COMMAND_REDUCE_BUFFERS_CLOPENCL);
}

}  // namespace clopencl::frontend::api
