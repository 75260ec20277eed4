// Experts on their way to memory of the host.
#include "asterism/residency/host_carrier.hpp"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/spill_file.hpp"

#include "laws/carrier_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;

static_assert(residency::Carrier<residency::HostCarrier>);

namespace {

std::unique_ptr<std::byte, void (*)(void*)> slots() {
  return {static_cast<std::byte*>(std::aligned_alloc(4096, 3 * laws::CarrierHomes::bytes)), std::free};
}

}  // namespace

TEST_CASE("the carrier of the host obeys the laws") {
  const laws::CarrierHomes homes;
  const auto memory = slots();
  residency::HostCarrier carrier(homes.get());
  laws::carrier(carrier, memory.get(), [](View<std::byte> slot) { return slot; });
}

TEST_CASE("from a file, with each slab verified") {
  const test::TemporaryFolder folder;
  const laws::CarrierHomes in_memory;
  const residency::SpillHeader& header = in_memory.get()->header();
  residency::SpillWriter writer(folder / "spill", header);
  for (std::int32_t group = 0; group < 2; ++group) {
    for (std::int32_t e = 0; e < 4; ++e) writer.write(in_memory.get()->slab({group, e}));
  }
  writer.finish();
  const auto file = std::make_shared<const residency::SpillFile>(folder / "spill", residency::Verify::always);
  const auto homes = std::make_shared<const residency::ExpertHomes>(file);
  const auto memory = slots();
  {
    residency::HostCarrier carrier(homes);
    laws::carrier(carrier, memory.get(), [](View<std::byte> slot) { return slot; });
  }
  residency::HostCarrier carrier(homes);
  std::fstream(folder / "spill", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(header.offset({1, 2}) + 5))
      .put('x');
  const View<std::byte> slot(memory.get(), laws::CarrierHomes::bytes);
  const auto ticket = carrier.ask({1, 2}, slot);
  check_error<FormatError>([&] { carrier.wait(ticket); }, {"expert 2 of layer 1", "checksum"});
  carrier.wait(carrier.ask({1, 1}, slot));
  CHECK(slot[0] == laws::CarrierHomes::byte_of({1, 1}));
}

TEST_CASE("threads without a file copy, and read nothing") {
  file::ReaderThreads copies(nullptr);
  std::vector<std::byte> from(5000, std::byte{7});
  std::vector<std::byte> to(5000);
  copies.wait(copies.submit(View<const std::byte>(from), to));
  CHECK(to == from);
  check_error<InvalidArgument>([&] { copies.submit(0, to); }, {"no file"});
  check_error<InvalidArgument>([&] { copies.submit(View<const std::byte>(from).subview(0, 3), to); },
                               {"3 bytes", "5000"});
}
