#include "frontend/core/context.h"

#include <algorithm>

#include "frontend/runtime.h"

namespace clopencl::frontend {

Context::Context(std::vector<Ref<Device>> devices, std::vector<cl_context_properties> properties)
    : devices_(std::move(devices)), properties_(std::move(properties)) {
  for (const auto& device : devices_) {
    if (std::find(sessions_.begin(), sessions_.end(), &device->session()) == sessions_.end())
      sessions_.push_back(&device->session());
    largest_alloc_ = std::max(largest_alloc_, device->max_alloc());
    any_images_ = any_images_ || device->images();
    svm_ |= device->svm();
  }
  // Addresses of coarse-grained SVM must be the same everywhere; we keep that for one server only.
  if (spans_servers()) svm_ = 0;
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().contexts.Insert(this);
}

Context::~Context() {
  // In the reverse order of their registration (OpenCL 3.0, clSetContextDestructorCallback).
  for (auto callback = destructor_callbacks_.rbegin(); callback != destructor_callbacks_.rend(); ++callback)
    TheRuntime().callbacks().Add(std::move(*callback));
  Runtime& runtime = TheRuntime();
  std::lock_guard lock(runtime.command_mutex());
  for (Session* session : sessions_)
    if (known_.Has(session->index())) session->Post(wire::Release{wire::ObjectKind::kContext, id_.Pack()});
  runtime.ids().contexts.Erase(id_);
}

bool Context::HasDevice(const Device& device) const {
  return std::any_of(devices_.begin(), devices_.end(),
                     [&](const auto& mine) { return mine.get() == &device; });
}

std::vector<Device*> Context::DevicesOn(const Session& session) const {
  std::vector<Device*> found;
  for (const auto& device : devices_)
    if (&device->session() == &session) found.push_back(device.get());
  return found;
}

void Context::EnsureOn(Session& session) {
  if (known_.Has(session.index())) return;
  known_.Add(session.index());
  std::vector<DeviceId> ids;
  for (Device* device : DevicesOn(session)) ids.push_back(device->id());
  session.Post(wire::CreateContext{id_, ids, spans_servers()});
}

const std::vector<cl_image_format>* Context::FindImageFormats(uint64_t flags, cl_mem_object_type type) const {
  std::lock_guard lock(mutex_);
  const auto at = image_formats_.find({flags, type});
  return at == image_formats_.end() ? nullptr : &at->second;
}

void Context::RememberImageFormats(uint64_t flags, cl_mem_object_type type,
                                   std::vector<cl_image_format> formats) {
  std::lock_guard lock(mutex_);
  image_formats_.emplace(std::pair(flags, type),
                         std::move(formats));  // Never replaced: pointers to it are out.
}

void Context::AddDestructorCallback(std::function<void()> callback) {
  std::lock_guard lock(mutex_);
  destructor_callbacks_.push_back(std::move(callback));
}

}  // namespace clopencl::frontend
