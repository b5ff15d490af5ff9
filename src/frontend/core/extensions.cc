#include "frontend/core/extensions.h"

#include <algorithm>
#include <array>

namespace clopencl::frontend {
namespace {

// Only kernel-language features, and queries that clGet*Info answers from what the server learnt. Sorted.
constexpr std::array<std::string_view, 58> kLanguageOnly{
    "cl_amd_device_attribute_query",
    "cl_amd_media_ops",
    "cl_amd_media_ops2",
    "cl_amd_printf",
    "cl_amd_vec3",
    "cl_arm_core_id",
    "cl_arm_integer_dot_product_accumulate_int8",
    "cl_arm_integer_dot_product_int8",
    "cl_arm_printf",
    "cl_ext_cxx_for_opencl",
    "cl_ext_float_atomics",
    "cl_intel_bfloat16_conversions",
    "cl_intel_device_attribute_query",
    "cl_intel_media_block_io",
    "cl_intel_required_subgroup_size",
    "cl_intel_spirv_subgroups",
    "cl_intel_split_work_group_barrier",
    "cl_intel_subgroup_local_block_io",
    "cl_intel_subgroups",
    "cl_intel_subgroups_char",
    "cl_intel_subgroups_long",
    "cl_intel_subgroups_short",
    "cl_khr_3d_image_writes",
    "cl_khr_async_work_group_copy_fence",
    "cl_khr_byte_addressable_store",
    "cl_khr_depth_images",
    "cl_khr_device_uuid",
    "cl_khr_expect_assume",
    "cl_khr_extended_async_copies",
    "cl_khr_extended_bit_ops",
    "cl_khr_extended_versioning",
    "cl_khr_fp16",
    "cl_khr_fp64",
    "cl_khr_global_int32_base_atomics",
    "cl_khr_global_int32_extended_atomics",
    "cl_khr_image2d_from_buffer",
    "cl_khr_int64_base_atomics",
    "cl_khr_int64_extended_atomics",
    "cl_khr_integer_dot_product",
    "cl_khr_local_int32_base_atomics",
    "cl_khr_local_int32_extended_atomics",
    "cl_khr_pci_bus_info",
    "cl_khr_priority_hints",
    "cl_khr_spirv_extended_debug_info",
    "cl_khr_spirv_linkonce_odr",
    "cl_khr_spirv_no_integer_wrap_decoration",
    "cl_khr_subgroup_ballot",
    "cl_khr_subgroup_clustered_reduce",
    "cl_khr_subgroup_extended_types",
    "cl_khr_subgroup_named_barrier",
    "cl_khr_subgroup_non_uniform_arithmetic",
    "cl_khr_subgroup_non_uniform_vote",
    "cl_khr_subgroup_rotate",
    "cl_khr_subgroup_shuffle",
    "cl_khr_subgroup_shuffle_relative",
    "cl_khr_work_group_uniform_arithmetic",
    "cl_nv_device_attribute_query",
    "cl_nv_pragma_unroll",
};
static_assert(std::is_sorted(kLanguageOnly.begin(), kLanguageOnly.end()));

// Extensions whose entry points (or objects) we forward.
constexpr std::array<std::string_view, 6> kForwarded{
    "cl_khr_command_buffer", "cl_khr_create_command_queue", "cl_khr_il_program", "cl_khr_spir",
    "cl_khr_subgroups",      "cl_nv_compiler_options",
};

}  // namespace

bool ForwardsExtension(std::string_view name) {
  return std::binary_search(kLanguageOnly.begin(), kLanguageOnly.end(), name) ||
         std::find(kForwarded.begin(), kForwarded.end(), name) != kForwarded.end();
}

bool ForwardsVersion(const cl_name_version& extension) {
  // From 0.9.5 on its functions take one more argument.
  return std::string_view(extension.name) != "cl_khr_command_buffer" ||
         extension.version < CL_MAKE_VERSION(0, 9, 5);
}

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string FilterExtensions(std::string_view native, std::string_view own) {
  std::string result;
  const auto add = [&result](std::string_view name) {
    if (!result.empty()) result += ' ';
    result += name;
  };
  for (std::string_view name : SplitWords(native))
    if (ForwardsExtension(name)) add(name);
  for (std::string_view name : SplitWords(own)) add(name);
  return result;
}

std::string WithoutExtension(std::string_view extensions, std::string_view name) {
  std::string result;
  for (std::string_view word : SplitWords(extensions)) {
    if (word == name) continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}

std::vector<cl_name_version> FilterExtensions(const std::vector<cl_name_version>& native) {
  std::vector<cl_name_version> result;
  for (const cl_name_version& extension : native)
    if (ForwardsExtension(extension.name) && ForwardsVersion(extension)) result.push_back(extension);
  return result;
}

}  // namespace clopencl::frontend
