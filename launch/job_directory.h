// The job's private directory on rank 0's node (CLOPENCL_JOB_DIR): the marks that the driver leaves there,
// the ICD files that the program's loader reads, and the socket between clrun and the launcher.
//
//   joined     created by the driver when it joins MPI (O_CREAT|O_EXCL); holds its pid
//   finalized  created by the driver after a clean MPI_Finalize
//   vendors/   what OCL_ICD_VENDORS of the program names
//   control    the socket on which clrun waits for the launcher
#pragma once

#include <string>
#include <vector>

namespace clopencl::launch {

// Which of its machine's own platforms the program sees.
struct NativePlatforms {
  bool none = false;
  // Where not empty: those with these names alone (and what shares a driver with them).
  std::vector<std::string> only;
};

// Where the ICD loader looks for native platforms without us: a folder of ICD files, or one file.
std::string NativeVendors();

// In the environment of mpirun and all that it starts, but not of the program: the job's directory, by which
// what is left of a job is found.
inline constexpr const char* kJobMark = "CLOPENCL_JOB";

class JobDirectory {
 public:
  // A fresh one, mode 0700, that is removed when the object is destroyed (in this process, not in a child).
  // Throws Error.
  static JobDirectory Create();
  // One that clrun made and removes. Throws Error unless it is a directory of this user's that nobody else
  // can enter.
  static JobDirectory Adopt(const std::string& path);
  ~JobDirectory();
  JobDirectory(const JobDirectory&) = delete;
  JobDirectory& operator=(const JobDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string control_path() const { return path_ + "/control"; }
  bool joined() const;
  bool finalized() const;
  enum class Membership { kNotYet, kMember, kLeft };
  // kLeft: the process that joined has left MPI, or is gone.
  Membership membership() const;
  void Remove() const;

  // Fills vendors/ with the driver's ICD file and those of the native platforms that the program is to see,
  // and sets in the program's environment all that it needs to find us. Throws Error.
  void PrepareProgram(const std::string& driver, const NativePlatforms& natives,
                      std::vector<std::string>& environment) const;

  // Undoes that: without the variables of a job around us (clrun started by a program under clrun).
  static void ForgetOuterJob(std::vector<std::string>& environment);

 private:
  JobDirectory(std::string path, int owner) : path_(std::move(path)), owner_(owner) {}
  std::string path_;
  int owner_;  // The pid that removes it, or 0.
};

}  // namespace clopencl::launch
