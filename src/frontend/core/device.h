// A device: what its rank server told of it, and its name on the wire.
#pragma once

#include <string>
#include <vector>

#include "common/ids.h"
#include "frontend/object.h"
#include "frontend/session.h"

namespace clopencl::frontend {

class Platform;

// Immutable after construction; thread-safe. Root devices live as long as the process, whatever is released.
class Device : public ObjectOf<Device, cl_device_id, ObjectTag::kDevice> {
 public:
  // A root device: `facts` are kept by the session.
  Device(Platform& platform, Session& session, DeviceId id, const OwnedFacts& facts);
  // A sub-device.
  Device(Device& parent, DeviceId id, OwnedFacts facts, std::vector<cl_device_partition_property> partition);
  ~Device();

  Platform& platform() const { return platform_; }
  Session& session() const { return session_; }
  DeviceId id() const { return id_; }
  Device* parent() const { return parent_.get(); }
  bool is_root() const { return parent_.get() == nullptr; }
  const std::vector<cl_device_partition_property>& partition() const { return partition_; }
  const OwnedFacts& facts() const { return facts_; }

  // Often needed facts.
  cl_device_type type() const { return type_; }
  cl_ulong max_alloc() const { return max_alloc_; }
  bool images() const { return images_; }
  cl_uint max_dimensions() const { return max_dimensions_; }
  size_t max_work_group_size() const { return max_work_group_size_; }
  const std::vector<size_t>& max_work_item_sizes() const { return max_work_item_sizes_; }
  // The largest global work size or offset, from CL_DEVICE_ADDRESS_BITS.
  uint64_t max_global_size() const { return max_global_size_; }
  bool non_uniform_work_groups() const { return non_uniform_work_groups_; }
  cl_uint base_address_align_bits() const { return base_address_align_bits_; }
  cl_ulong local_memory() const { return local_memory_; }
  // What we offer of the native CL_DEVICE_SVM_CAPABILITIES: coarse-grained buffers or nothing.
  cl_device_svm_capabilities svm() const { return svm_; }
  bool out_of_order() const { return out_of_order_; }
  // CL_DEVICE_NUMERIC_VERSION, or what follows from CL_DEVICE_VERSION.
  cl_version version() const { return version_; }
  // Those of the native device that work through us.
  const std::string& extensions() const { return extensions_; }
  bool HasExtension(std::string_view name) const;

 private:
  void LearnFacts();

  Platform& platform_;
  Session& session_;
  const DeviceId id_;
  Ref<Device> parent_;
  std::vector<cl_device_partition_property> partition_;
  const OwnedFacts own_facts_;
  const OwnedFacts& facts_;

  cl_device_type type_ = 0;
  cl_ulong max_alloc_ = 0;
  bool images_ = false;
  cl_uint max_dimensions_ = 3;
  size_t max_work_group_size_ = 1;
  std::vector<size_t> max_work_item_sizes_;
  uint64_t max_global_size_ = UINT64_MAX;
  bool non_uniform_work_groups_ = false;
  cl_uint base_address_align_bits_ = 1024;
  cl_ulong local_memory_ = 0;
  cl_device_svm_capabilities svm_ = 0;
  bool out_of_order_ = false;
  cl_version version_ = 0;
  std::string extensions_;
};

}  // namespace clopencl::frontend
