// Matrix and vector products of CLBlast, compared with the host's.
#include <clblast_c.h>

#include <cmath>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

std::vector<float> SmallIntegers(size_t count, uint64_t seed) {
  std::vector<float> values(count);
  Random random(seed);
  for (float& value : values) value = static_cast<float>(random.Below(9)) - 4;  // products and sums are exact
  return values;
}

class Test {
 public:
  void Run() {
    for (size_t n : {1, 17, 64, 200}) {
      Gemm(n, n, n);
      Gemm(n, n / 2 + 1, 2 * n);
    }
    Vectors();
  }

 private:
  Mem Buffer(const std::vector<float>& values) {
    std::vector<float> copy = values;
    return MakeBuffer(s_.context, copy.size() * sizeof(float), CL_MEM_COPY_HOST_PTR, copy.data());
  }
  static void Check(CLBlastStatusCode status, const std::string& what) {
    if (status != CLBlastSuccess) Die(what + " returns " + std::to_string(static_cast<int>(status)));
  }

  void Gemm(size_t m, size_t n, size_t k) {
    const std::vector<float> a = SmallIntegers(m * k, m);
    const std::vector<float> b = SmallIntegers(k * n, n + 1);
    std::vector<float> expected(m * n);
    for (size_t i = 0; i < m; ++i) {
      for (size_t l = 0; l < k; ++l) {
        for (size_t j = 0; j < n; ++j) expected[i * n + j] += a[i * k + l] * b[l * n + j];
      }
    }
    const Mem a_buffer = Buffer(a);
    const Mem b_buffer = Buffer(b);
    const Mem c_buffer = MakeBuffer(s_.context, m * n * sizeof(float));
    cl_command_queue queue = s_.queue;
    Event event;
    Check(CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n, k, 1, a_buffer, 0,
                       k, b_buffer, 0, n, 0, c_buffer, 0, n, &queue, event.Out()),
          "CLBlastSgemm");
    const cl_event list[] = {event};
    Must(clWaitForEvents(1, list));
    ExpectEqual(ReadVector<float>(s_.queue, c_buffer, m * n), expected,
                "matrix product " + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k));
  }

  void Vectors() {
    const size_t n = 10000;
    const std::vector<float> x = SmallIntegers(n, 5);
    std::vector<float> y = SmallIntegers(n, 6);
    const Mem x_buffer = Buffer(x);
    const Mem y_buffer = Buffer(y);
    const Mem result = MakeBuffer(s_.context, sizeof(float));
    cl_command_queue queue = s_.queue;
    Check(CLBlastSaxpy(n, 3, x_buffer, 0, 1, y_buffer, 0, 1, &queue, nullptr), "CLBlastSaxpy");
    float dot = 0;
    for (size_t i = 0; i < n; ++i) {
      y[i] += 3 * x[i];
      dot += x[i] * y[i];
    }
    ExpectEqual(ReadVector<float>(s_.queue, y_buffer, n), y, "vector sum");
    Check(CLBlastSdot(n, result, 0, x_buffer, 0, 1, y_buffer, 0, 1, &queue, nullptr), "CLBlastSdot");
    Expect(ReadVector<float>(s_.queue, result, 1)[0] == dot, "dot product");
  }

  Session s_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
