#include "api_errors/suite.h"

#include <algorithm>
#include <cstdio>

#include "support/names.h"
#include "support/report.h"

namespace clopencl::programs {
bool Codes::Contains(cl_int code) const {
  return std::find(codes_.begin(), codes_.end(), code) != codes_.end();
}

std::string Codes::String() const {
  std::string text;
  for (cl_int code : codes_) text += (text.empty() ? "" : " or ") + ErrorName(code);
  return text;
}

bool Suite::Begin(const char* name) {
  name_ = group_ + "/" + name;
  if (options_.exact ? name_ != options_.only : name_.rfind(options_.only, 0) != 0) return false;
  if (!options_.all && CrashesNatively(name_)) return false;
  ++cases_;
  if (options_.list) {
    std::printf("%s\n", name_.c_str());
    return false;
  }
  // Unbuffered and not compared: tells which case crashed or hung.
  std::fprintf(stderr, "%s\n", name_.c_str());
  return true;
}

void Suite::End(cl_int code, const Codes& specified, const std::string& remark) {
  std::string text = ErrorName(code) + remark;
  if (!specified.Contains(code) || !remark.empty()) text += " [specification: " + specified.String() + "]";
  Print(name_, text);
}

void Suite::EndYield(bool got, bool specified) {
  const char* const words[] = {"null", "not null"};
  std::string text = words[got];
  if (got != specified) text += std::string(" [specification: ") + words[specified] + "]";
  Print(name_, text);
}

std::string Suite::Await(cl_event event) {
  const cl_int code = clWaitForEvents(1, &event);
  if (code == CL_SUCCESS) return "";
  cl_int status = CL_SUCCESS;
  clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr);
  return ", then " + ErrorName(code) + " and the command's " + StatusName(status);
}

}  // namespace clopencl::programs
