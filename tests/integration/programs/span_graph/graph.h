// A random graph of commands in one context over several devices, and the model that runs them one after the
// other on the host.
//
// Each step follows from the graph's seed and the step's number alone, so that any subset of the steps is a
// graph, too: that is what shrinking needs.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/image.h"
#include "support/random.h"

namespace clopencl::programs {

struct GraphOptions {
  uint64_t seed = 1;
  std::vector<int> steps;  // The numbers of those that are run.
  bool tell = false;       // Prints a line for each.
  bool failures = true;    // Some user events fail, and what waits for them.
};

class SpanGraph {
 public:
  SpanGraph(const std::vector<Device>& devices, const GraphOptions& options);

  // Runs the steps and compares every byte. Says what is wrong; empty: nothing.
  std::string Run();

 private:
  using Bytes = std::vector<unsigned char>;

  // A command that was enqueued.
  struct Command {
    Event event;
    cl_command_queue queue = nullptr;
    bool in_order = false;
    bool finished = false;  // The host has waited for it.
  };
  // Bytes of an object that a command reads or writes.
  struct Access {
    size_t begin = 0;
    size_t end = 0;
    bool write = false;
    std::shared_ptr<Command> command;
  };
  // A buffer or image, its model, and the commands that later ones may have to wait for.
  struct Object {
    Mem mem;
    Bytes model;
    Bytes host;  // Of buffers that use the host's memory.
    bool image = false;
    std::vector<Access> accesses;
  };
  using ObjectRef = std::shared_ptr<Object>;
  struct Use {
    ObjectRef object;
    size_t begin = 0;
    size_t end = 0;
    bool write = false;
  };
  using Uses = std::vector<Use>;

  // A part of a buffer: of itself, or of a sub-buffer of it.
  struct Window {
    unsigned char* model() const { return &object->model[base + offset]; }
    Use Whole(bool write) const { return {object, base, base + extent, write}; }  // As a kernel's argument.
    Use Part(bool write) const { return {object, base + offset, base + offset + size, write}; }

    ObjectRef object;
    cl_mem mem = nullptr;
    size_t base = 0;    // Where `mem` begins in the object.
    size_t extent = 0;  // Its size.
    size_t offset = 0;  // Within `mem`.
    size_t size = 0;
    std::shared_ptr<Mem> owned;  // The sub-buffer.
  };

  // Enqueues the command of a step.
  using Enqueue = std::function<cl_int(cl_command_queue, cl_uint, const cl_event*, cl_event*)>;
  using Apply = std::function<void()>;

  struct Lane {
    Queue queue;
    bool in_order = true;
  };
  // A command that waits for a user event which is set after commands that were enqueued later.
  struct Late {
    Event gate;
    std::shared_ptr<Command> command;
    Uses uses;
    Apply apply;
  };

  ObjectRef NewBuffer();
  ObjectRef NewImage();
  const ObjectRef& AnyBuffer();
  const ObjectRef& AnyImage();
  Window AnyWindow(const ObjectRef& object, bool words);
  const Lane& AnyLane();
  Queue LateQueue();

  // Enqueues a command that uses these; `apply` does the same to the model. Some are late, some gated, some
  // do not run because something they wait for failed.
  void Do(const Uses& uses, const Enqueue& enqueue, const Apply& apply);
  // The same for calls that block: everything they wait for is let go first.
  void DoBlocking(const Uses& uses, const Enqueue& enqueue, const Apply& apply);
  void DoLate(const Uses& uses, const Enqueue& enqueue, const Apply& apply);
  void DoDoomed(const Uses& uses, const Enqueue& enqueue);
  // The events of earlier commands that a command on this lane must wait for.
  std::vector<cl_event> Before(cl_command_queue queue, bool in_order, const Uses& uses);
  void Note(const Uses& uses, const std::shared_ptr<Command>& command);

  void OpenGates();
  void OpenLate();
  void FlushAll();
  void Finish(const Lane& lane);
  void WaitOnHost(const std::shared_ptr<Command>& command);

  void Step(int number);
  std::string Check();
  void Tell(const std::string& text);

  // Steps on buffers.
  void Write();
  void WriteRows();
  void Read();
  void Copy();
  void CopyRows();
  void Fill();
  void Map();
  void Scramble();
  void Blend();
  void Migrate();
  // Steps on images.
  struct Part;
  Part AnyPart();
  void WriteImagePart();
  void ReadImagePart();
  void CopyImages();
  void ImageToBuffer();
  void BufferToImage();
  void MapImage();
  // Others.
  void Order();
  void Replace();

  const std::vector<Device> devices_;
  const GraphOptions options_;
  Random random_;
  Context context_;
  Program program_;
  Kernel scramble_;
  Kernel blend_;
  size_t alignment_ = 1;
  bool images_ = false;
  std::vector<Lane> lanes_;
  std::vector<ObjectRef> buffers_;
  std::vector<ObjectRef> image_objects_;
  std::vector<ObjectRef> retired_;  // Commands may still use the host's memory.
  std::vector<Event> gates_;        // Not set.
  std::deque<Late> late_;
  std::vector<std::shared_ptr<Command>> commands_;
  std::vector<std::pair<std::shared_ptr<Command>, int>> doomed_;  // And the step.
  std::deque<Bytes> data_;  // Of transfers that may be under way: must not move.
  struct ReadBack {
    const Bytes* got;
    Bytes expected;
    int step;
  };
  std::deque<ReadBack> reads_;
  std::string wrong_;
  int step_ = 0;
};

}  // namespace clopencl::programs
