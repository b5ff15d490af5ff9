#include "frontend/core/device.h"

#include <algorithm>
#include <cstdio>

#include "frontend/core/extensions.h"
#include "frontend/core/platform.h"
#include "frontend/runtime.h"

namespace clopencl::frontend {
namespace {

// "OpenCL 1.2 pocl" -> 1.2.0
cl_version ParseVersion(const std::string& text) {
  unsigned major = 1, minor = 0;
  std::sscanf(text.c_str(), "OpenCL %u.%u", &major, &minor);
  return CL_MAKE_VERSION(major, minor, 0);
}

}  // namespace

Device::Device(Platform& platform, Session& session, DeviceId id, const OwnedFacts& facts)
    : platform_(platform), session_(session), id_(id), facts_(facts) {
  LearnFacts();
}

Device::Device(Device& parent, DeviceId id, OwnedFacts facts,
               std::vector<cl_device_partition_property> partition)
    : platform_(parent.platform()),
      session_(parent.session()),
      id_(id),
      parent_(Ref(parent)),
      partition_(std::move(partition)),
      own_facts_(std::move(facts)),
      facts_(own_facts_) {
  LearnFacts();
}

Device::~Device() {
  if (is_root()) return;
  Runtime& runtime = TheRuntime();
  std::lock_guard lock(runtime.command_mutex());
  session_.Post(wire::Release{wire::ObjectKind::kDevice, id_.Pack()});
  runtime.ids().devices.Erase(id_);
}

void Device::LearnFacts() {
  type_ = FactOr<cl_device_type>(facts_, CL_DEVICE_TYPE, CL_DEVICE_TYPE_CUSTOM);
  max_alloc_ = FactOr<cl_ulong>(facts_, CL_DEVICE_MAX_MEM_ALLOC_SIZE, 0);
  images_ = FactOr<cl_bool>(facts_, CL_DEVICE_IMAGE_SUPPORT, CL_FALSE) == CL_TRUE;
  max_dimensions_ = FactOr<cl_uint>(facts_, CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, 3);
  max_work_group_size_ = FactOr<size_t>(facts_, CL_DEVICE_MAX_WORK_GROUP_SIZE, 1);
  if (const OwnedFact* sizes = FindFact(facts_, CL_DEVICE_MAX_WORK_ITEM_SIZES)) {
    max_work_item_sizes_.resize(sizes->value.size() / sizeof(size_t));
    std::memcpy(max_work_item_sizes_.data(), sizes->value.data(),
                max_work_item_sizes_.size() * sizeof(size_t));
  }
  const auto address_bits = FactOr<cl_uint>(facts_, CL_DEVICE_ADDRESS_BITS, 64);
  max_global_size_ = address_bits >= 64 ? UINT64_MAX : (uint64_t{1} << address_bits) - 1;
  non_uniform_work_groups_ =
      FactOr<cl_bool>(facts_, CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT, CL_FALSE) == CL_TRUE;
  base_address_align_bits_ = FactOr<cl_uint>(facts_, CL_DEVICE_MEM_BASE_ADDR_ALIGN, 1024);
  local_memory_ = FactOr<cl_ulong>(facts_, CL_DEVICE_LOCAL_MEM_SIZE, 0);
  // Fine-grained sharing would need the application's loads and stores to reach the server's memory.
  svm_ = FactOr<cl_device_svm_capabilities>(facts_, CL_DEVICE_SVM_CAPABILITIES, 0) &
         CL_DEVICE_SVM_COARSE_GRAIN_BUFFER;
  const auto queue_properties =
      FactOr<cl_command_queue_properties>(facts_, CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, 0);
  out_of_order_ = (queue_properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0;
  version_ = FactOr<cl_version>(facts_, CL_DEVICE_NUMERIC_VERSION, 0);
  if (version_ == 0) version_ = ParseVersion(FactText(facts_, CL_DEVICE_VERSION));
  extensions_ = FilterExtensions(FactText(facts_, CL_DEVICE_EXTENSIONS), kOwnExtensions);
  if (const OwnedFact* fact = FindFact(facts_, CL_DEVICE_EXTENSIONS_WITH_VERSION)) {
    std::vector<cl_name_version> versions(fact->value.size() / sizeof(cl_name_version));
    std::memcpy(versions.data(), fact->value.data(), versions.size() * sizeof(cl_name_version));
    for (const cl_name_version& native : versions)
      if (!ForwardsVersion(native)) extensions_ = WithoutExtension(extensions_, native.name);
  }
}

bool Device::HasExtension(std::string_view name) const {
  const auto words = SplitWords(extensions_);
  return std::find(words.begin(), words.end(), name) != words.end();
}

}  // namespace clopencl::frontend
