// A context: devices of one platform, served by one or several sessions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/ids.h"
#include "frontend/core/device.h"
#include "frontend/object.h"
#include "frontend/session_set.h"

namespace clopencl::frontend {

class Queue;
struct HeldCommand;

class Context : public ObjectOf<Context, cl_context, ObjectTag::kContext> {
 public:
  Context(std::vector<Ref<Device>> devices, std::vector<cl_context_properties> properties);
  ~Context();

  ContextId id() const { return id_; }
  const std::vector<Ref<Device>>& devices() const { return devices_; }
  const std::vector<cl_context_properties>& properties() const { return properties_; }
  // The sessions that serve its devices, each once.
  const std::vector<Session*>& sessions() const { return sessions_; }
  bool spans_servers() const { return sessions_.size() > 1; }
  bool HasDevice(const Device& device) const;
  std::vector<Device*> DevicesOn(const Session& session) const;

  // Makes the context known to the server if it isn't. Under the command mutex.
  void EnsureOn(Session& session);

  // Over its devices.
  cl_ulong largest_alloc() const { return largest_alloc_; }
  bool any_images() const { return any_images_; }
  cl_device_svm_capabilities svm() const { return svm_; }

  // Image formats by native flags and image type, once they were asked for. Thread-safe; null when not known.
  const std::vector<cl_image_format>* FindImageFormats(uint64_t flags, cl_mem_object_type type) const;
  void RememberImageFormats(uint64_t flags, cl_mem_object_type type, std::vector<cl_image_format> formats);

  void AddDestructorCallback(std::function<void()> callback);

  // Queues of the context that live. Under the command mutex.
  std::vector<Queue*>& queues() { return queues_; }
  // The default device queues (clSetDefaultDeviceCommandQueue). Under the command mutex.
  std::map<const Device*, Queue*>& default_queues() { return default_queues_; }

  // Commands that wait for user events (held.h), in the order of their enqueue. Under the command mutex.
  std::vector<std::shared_ptr<HeldCommand>>& held() { return held_; }

 private:
  const std::vector<Ref<Device>> devices_;
  const std::vector<cl_context_properties> properties_;
  std::vector<Session*> sessions_;
  ContextId id_;
  SessionSet known_;
  std::vector<Queue*> queues_;
  std::map<const Device*, Queue*> default_queues_;
  std::vector<std::shared_ptr<HeldCommand>> held_;
  cl_ulong largest_alloc_ = 0;
  bool any_images_ = false;
  cl_device_svm_capabilities svm_ = 0;
  mutable std::mutex mutex_;  // All below.
  std::map<std::pair<uint64_t, cl_mem_object_type>, std::vector<cl_image_format>> image_formats_;
  std::vector<std::function<void()>> destructor_callbacks_;
};

}  // namespace clopencl::frontend
