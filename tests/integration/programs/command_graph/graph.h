// A random graph of commands, and the model that runs them one after the other.
#pragma once

#include <deque>
#include <initializer_list>
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

class Graph {
 public:
  explicit Graph(uint64_t seed);

  // Enqueues `steps` random commands, waits for them, and compares every byte.
  void Run(int steps);

 private:
  using Bytes = std::vector<unsigned char>;

  // A buffer or image, its model, and the commands that the next one on it must wait for.
  struct Object {
    Mem mem;
    Bytes model;
    bool image = false;
    Event last_write;
    std::vector<Event> reads;  // since the last write
  };
  using Objects = std::initializer_list<Object*>;

  // A part of a buffer: of itself, or of a sub-buffer of it.
  struct Window {
    unsigned char* Model(Object& object) const { return &object.model[base + offset]; }

    cl_mem mem = nullptr;
    size_t base = 0;    // where `mem` begins in the object
    size_t offset = 0;  // within `mem`
    size_t size = 0;
    Mem owned;  // the sub-buffer
  };

  std::unique_ptr<Object> NewBuffer();
  std::unique_ptr<Object> NewImage();
  Bytes Contents(const Object& object);
  const Queue& AnyQueue() { return queues_[random_.Below(queues_.size())]; }
  Object& AnyObject(bool image);
  Window AnyWindow(const Object& object);

  // The events that a command must wait for which writes and reads these objects; sometimes a gate is among
  // them.
  std::vector<cl_event> Wait(Objects written, Objects read);
  // Notes a command's event for those that come after it.
  void Note(const Event& event, Objects written, Objects read);
  // Completes the user events that commands wait for. Before every call that blocks.
  void OpenGates();

  void Step();
  void CheckReads();

  // Steps on buffers.
  void Write();
  void Read();
  void Copy();
  void Fill();
  void CopyRect();
  void MapAndChange();
  void Blend();
  void Scramble();
  void Other();

  // Steps on images.
  Triple AnyRegion();
  Triple AnyOrigin(const Triple& region);
  bool AnyPlace(const Object& buffer, size_t size, size_t* offset);
  void WriteBox();
  void ImageToBuffer();
  void BufferToImage();
  void CopyBetweenImages();

  Session s_;
  Random random_;
  Program program_;
  Kernel scramble_;
  size_t alignment_;
  std::vector<Queue> queues_;
  std::vector<std::unique_ptr<Object>> objects_;
  std::vector<Event> gates_;   // user events that commands wait for
  std::vector<Event> opened_;  // those that are complete
  std::deque<Bytes> data_;     // of transfers that may be under way: must not move
  std::vector<std::pair<const Bytes*, Bytes>> reads_;
  std::map<std::string, int> counts_;
};

}  // namespace clopencl::programs
