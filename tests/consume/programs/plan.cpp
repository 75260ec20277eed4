// asterism.hpp alone: a plan proved while compiling, and shown. Links no library but threads.
#include <asterism/asterism.hpp>
#include <cstdio>

using namespace asterism;

struct MixtralDual16 : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
static_assert(fits<MixtralDual16, machines::dual_16gb, 14_GiB>());

int main() {
  const placement::Plan planned = plan<MixtralDual16>(machines::dual_16gb);
  for (std::size_t d = 0; d < planned.devices(); ++d) {
    std::printf("device %zu: %s\n", d, to_string(planned.peak(d)).c_str());
  }
  return planned.fits() ? 0 : 1;
}
