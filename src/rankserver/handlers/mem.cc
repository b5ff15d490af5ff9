// Memory objects and samplers.
#include <array>
#include <limits>
#include <vector>

#include "common/huge_pages.h"
#include "rankserver/channel.h"
#include "rankserver/transfers/mapping.h"
#include "rankserver/transfers/transfer.h"

namespace clopencl::rankserver {
namespace {

// Both factors come from the wire; false when the product does not fit.
bool Multiply(uint64_t& product, uint64_t factor) {
  if (factor != 0 && product > std::numeric_limits<uint64_t>::max() / factor) return false;
  product *= factor;
  return true;
}

cl_image_desc DescribeImage(const wire::CreateImage& m, cl_mem parent) {
  cl_image_desc description{};
  description.image_type = m.type;
  description.image_width = m.extent[0];
  description.image_height = m.extent[1];
  description.image_depth = m.extent[2];
  description.image_array_size = m.extent[3];
  description.image_row_pitch = m.pitches[0];
  description.image_slice_pitch = m.pitches[1];
  description.num_mip_levels = m.mip_levels_and_samples[0];
  description.num_samples = m.mip_levels_and_samples[1];
  description.mem_object = parent;
  return description;
}

// The region that is the whole image, as clEnqueueReadImage wants it.
std::array<size_t, 3> WholeRegion(const wire::CreateImage& m) {
  const auto at_least_one = [](uint64_t extent) {
    return extent == 0 ? size_t{1} : static_cast<size_t>(extent);
  };
  const size_t width = at_least_one(m.extent[0]), height = at_least_one(m.extent[1]);
  switch (m.type) {
    case CL_MEM_OBJECT_IMAGE1D:
    case CL_MEM_OBJECT_IMAGE1D_BUFFER:
      return {width, 1, 1};
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
      return {width, at_least_one(m.extent[3]), 1};
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
      return {width, height, at_least_one(m.extent[3])};
    case CL_MEM_OBJECT_IMAGE3D:
      return {width, height, at_least_one(m.extent[2])};
    default:
      return {width, height, 1};
  }
}

// Memory that the host shares gets huge pages only as long as nobody has touched it, so not when its first
// transfer comes, which may be behind a kernel. Mapping it tells where it is.
void PrepareMemory(Channel& channel, const std::shared_ptr<Mem>& mem) {
  if (!mem->context->unified || mem->size < kLeastForHugePages) return;
  if (std::byte* base = Mapping::Get(channel, mem, Access::kWrites, true)->base())
    AdviseHugePages(base, mem->size);
}

}  // namespace

void Channel::On(const wire::CreateBuffer& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  auto mem = std::make_shared<Mem>();
  if (context != nullptr) {
    mem->context = *context;
    mem->is_buffer = true;
    mem->size = m.size;
    if (m.svm_address != 0 && !(*context)->HoldsSvm(m.svm_address, m.size)) {
      return Keep(mems, m.mem, CL_INVALID_HOST_PTR, std::move(mem));
    }
    const cl_mem_flags flags = m.svm_address != 0 ? m.flags | CL_MEM_USE_HOST_PTR : m.flags;
    mem->native = Owned<cl_mem>(api(), api().CreateBuffer((*context)->native.get(), flags, m.size,
                                                          reinterpret_cast<void*>(m.svm_address), &status));
    // SVM is not ours to map: kernels use it by its address, too.
    if (status == CL_SUCCESS && m.svm_address == 0) PrepareMemory(*this, mem);
  }
  Keep(mems, m.mem, status, std::move(mem));
}

void Channel::On(const wire::CreateSubBuffer& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Mem>* parent = mems.Find(m.parent, status);
  auto mem = std::make_shared<Mem>();
  if (parent != nullptr) {
    mem->context = (*parent)->context;
    mem->parent = *parent;
    mem->is_buffer = true;
    mem->size = m.size;
    mem->root_offset = (*parent)->root_offset + m.origin;
    const cl_buffer_region region{m.origin, m.size};
    mem->native = Owned<cl_mem>(api(), api().CreateSubBuffer((*parent)->native.get(), m.flags,
                                                             CL_BUFFER_CREATE_TYPE_REGION, &region, &status));
  }
  Keep(mems, m.mem, status, std::move(mem));
}

void Channel::On(const wire::CreateImage& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  const std::shared_ptr<Mem>* parent = nullptr;
  if (context != nullptr && m.parent) parent = mems.Find(m.parent, status);
  auto mem = std::make_shared<Mem>();
  if (context != nullptr && status == CL_SUCCESS) {
    mem->context = *context;
    if (parent != nullptr) mem->parent = *parent;
    const cl_image_format format{m.format[0], m.format[1]};
    const cl_image_desc description = DescribeImage(m, parent != nullptr ? (*parent)->native.get() : nullptr);
    mem->native = Owned<cl_mem>(
        api(), api().CreateImage((*context)->native.get(), m.flags, &format, &description, nullptr, &status));
  }
  if (status == CL_SUCCESS) {
    mem->image.type = m.type;
    mem->image.extent = WholeRegion(m);
    status = api().GetImageInfo(mem->native.get(), CL_IMAGE_ELEMENT_SIZE, sizeof mem->image.element_size,
                                &mem->image.element_size, nullptr);
    mem->size = mem->image.element_size;
    for (const size_t extent : mem->image.extent) {
      if (!Multiply(mem->size, extent)) status = CL_INVALID_IMAGE_SIZE;
    }
    if (status == CL_SUCCESS && parent == nullptr) PrepareMemory(*this, mem);
  }
  Keep(mems, m.mem, status, std::move(mem));
}

void Channel::On(const wire::CreatePipe& m) {
  cl_int status = CL_SUCCESS;
  const std::shared_ptr<Context>* context = contexts.Find(m.context, status);
  auto mem = std::make_shared<Mem>();
  if (context != nullptr && api().CreatePipe == nullptr) status = CL_INVALID_OPERATION;
  if (status == CL_SUCCESS) {
    mem->context = *context;
    mem->native = Owned<cl_mem>(api(), api().CreatePipe((*context)->native.get(), m.flags, m.packet_size,
                                                        m.max_packets, nullptr, &status));
  }
  Keep(mems, m.mem, status, std::move(mem));
}

void Channel::On(const wire::CreateSampler& m) {
  cl_int status = m.properties.size() % 2 == 0 ? CL_SUCCESS : CL_INVALID_VALUE;
  const std::shared_ptr<Context>* context = nullptr;
  if (status == CL_SUCCESS) context = contexts.Find(m.context, status);
  auto sampler = std::make_shared<Sampler>();
  if (context != nullptr) {
    sampler->context = *context;
    const cl_context native = (*context)->native.get();
    cl_sampler made = nullptr;
    if (api().CreateSamplerWithProperties != nullptr) {
      std::vector<cl_sampler_properties> list(m.properties.begin(), m.properties.end());
      list.push_back(0);
      made = api().CreateSamplerWithProperties(native, list.data(), &status);
    } else {
      uint64_t normalized = CL_TRUE, addressing = CL_ADDRESS_CLAMP, filter = CL_FILTER_NEAREST;
      for (size_t i = 0; i + 1 < m.properties.size(); i += 2) {
        if (m.properties[i] == CL_SAMPLER_NORMALIZED_COORDS) normalized = m.properties[i + 1];
        if (m.properties[i] == CL_SAMPLER_ADDRESSING_MODE) addressing = m.properties[i + 1];
        if (m.properties[i] == CL_SAMPLER_FILTER_MODE) filter = m.properties[i + 1];
      }
      made = api().CreateSampler(native, static_cast<cl_bool>(normalized),
                                 static_cast<cl_addressing_mode>(addressing),
                                 static_cast<cl_filter_mode>(filter), &status);
    }
    sampler->native = Owned<cl_sampler>(api(), made);
  }
  Keep(samplers, m.sampler, status, std::move(sampler));
}

}  // namespace clopencl::rankserver
