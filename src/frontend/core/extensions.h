// Which extensions of a native platform or device work through us.
#pragma once

#include <CL/cl.h>

#include <string>
#include <string_view>
#include <vector>

namespace clopencl::frontend {

// Extensions that add only kernel-language features or answers to clGet*Info pass; those that add entry
// points pass when we forward these. Everything else, and whatever we do not know, is left out.
bool ForwardsExtension(std::string_view name);

// Whether we know the entry points of this version of an extension, should it have any.
bool ForwardsVersion(const cl_name_version& extension);

std::string WithoutExtension(std::string_view extensions, std::string_view name);
// What platforms and devices have besides: cl_ext_clopencl.h.
inline constexpr char kOwnExtensions[] = "cl_clopencl_collectives cl_clopencl_host_name cl_clopencl_traffic";

// The space-separated names of `native` that pass, followed by `own`.
std::string FilterExtensions(std::string_view native, std::string_view own);

// The same for CL_*_EXTENSIONS_WITH_VERSION.
std::vector<cl_name_version> FilterExtensions(const std::vector<cl_name_version>& native);

std::vector<std::string_view> SplitWords(std::string_view text);

}  // namespace clopencl::frontend
