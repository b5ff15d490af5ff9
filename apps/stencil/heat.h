// Heat that spreads over a square plate: each step, every cell becomes half of itself and an eighth of each
// of its four neighbours; the edge is cold. The rows are divided between devices of one context.
#pragma once

#include <CL/cl.h>

#include <cstddef>
#include <vector>

#include "support/cl_handle.h"
#include "support/device_info.h"

namespace clopencl::stencil {

/// The plate at the beginning, row by row: numbers from 0 to 1 that follow from `seed`.
std::vector<float> InitialPlate(std::size_t n, unsigned seed);

/// A run over some devices. Throws ClError.
class Heat {
 public:
  /// Divides the plate of n rows into `parts` (at least 2 rows each), which the devices take in turn. All
  /// devices must be of one platform.
  Heat(const std::vector<apps::DeviceInfo>& devices, std::size_t parts, const std::vector<float>& plate,
       std::size_t n);

  /// Does so many steps; they are over when it returns. Only commands are sent: the host waits once, at the
  /// end.
  void Run(std::size_t steps);

  /// The whole plate.
  [[nodiscard]] std::vector<float> Read();

 private:
  // Rows of the plate, on one device. Its first and last row are computed first and copied to the neighbours'
  // `above` and `below` while the rest is computed. What belongs to even and odd steps has a buffer each.
  struct Part {
    std::size_t first_row = 0;
    std::size_t rows = 0;
    apps::Queue compute;
    apps::Queue exchange;
    apps::Kernel edges;
    apps::Kernel inner;
    apps::Memory plate[2];
    apps::Memory above[2];  // The row before the first, as the neighbour computed it.
    apps::Memory below[2];
    apps::Memory top[2];  // Copies of the first and the last row, for the neighbours.
    apps::Memory bottom[2];
    std::vector<apps::Event> arrived;  // What the next step's edges wait for.
  };

  void MakePart(Part& part, cl_device_id device, const std::vector<float>& plate);
  apps::Event ComputeEdges(Part& part, std::size_t step);
  void ComputeInner(Part& part, std::size_t step);
  void Receive(Part& part, const apps::Memory& from, const apps::Memory& to, const apps::Event& computed);
  [[nodiscard]] apps::Memory Row(const float* contents) const;

  const std::size_t n_;
  apps::Context context_;
  apps::Program program_;
  std::vector<Part> parts_;
  std::size_t steps_done_ = 0;
};

}  // namespace clopencl::stencil
