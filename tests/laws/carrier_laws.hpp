// The laws of residency::Carrier, for the carriers of the toolkit and for your own:
//
//   TEST_CASE("my carrier obeys the laws") {
//     laws::CarrierHomes homes;
//     MyCarrier carrier(device, homes.get());
//     laws::carrier(carrier, homes, memory, read);
//   }
//
// Needs doctest. `memory` holds three slots of the device, read(slot) returns its bytes as work that is queued on the
// device then would find them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/part_id.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/residency/carrier.hpp"
#include "asterism/residency/expert_homes.hpp"

namespace asterism::laws {

/// Homes in memory: two layers of four experts, of which each byte tells whose it is.
class CarrierHomes {
 public:
  static constexpr std::size_t bytes = 8192;

  CarrierHomes() {
    const residency::SpillHeader header{.model_type = "m",
                                        .format = "f",
                                        .layers = 2,
                                        .experts = 4,
                                        .hidden = 1,
                                        .ffn = 1,
                                        .slab_bytes = bytes,
                                        .fingerprint = 1};
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(4096, 8 * bytes)));
    homes_ = std::make_shared<residency::ExpertHomes>(header);
    for (std::int32_t group = 0; group < 2; ++group) {
      homes_->keep_in(memory_.get() + static_cast<std::size_t>(group) * 4 * bytes, group);
      for (std::int32_t e = 0; e < 4; ++e) {
        for (std::byte& one : homes_->slab({group, e})) one = byte_of({group, e});
      }
    }
  }
  std::shared_ptr<const residency::ExpertHomes> get() const { return homes_; }
  static std::byte byte_of(PartId part) { return static_cast<std::byte>(part.group * 16 + part.member + 1); }

 private:
  std::unique_ptr<std::byte, void (*)(void*)> memory_{nullptr, std::free};
  std::shared_ptr<residency::ExpertHomes> homes_;
};

/// What is waited for is there; a slot that is asked for again holds the last; what is given up disturbs nothing.
template <residency::Carrier C, class Read>
void carrier(C& carrier, std::byte* memory, const Read& read) {
  const auto slot = [&](std::size_t number) {
    return View<std::byte>(memory + number * CarrierHomes::bytes, CarrierHomes::bytes);
  };
  const auto holds = [&](std::size_t number, PartId part) {
    for (const std::byte one : read(slot(number))) {
      if (one != CarrierHomes::byte_of(part)) return false;
    }
    return true;
  };
  CHECK(carrier.piece() > 0);
  carrier.reserve(4);
  Random random(4);
  for (int step = 0; step < 60; ++step) {
    PartId parts[3];
    std::vector<typename C::Ticket> tickets;
    for (std::size_t i = 0; i < 3; ++i) {
      parts[i] = {static_cast<std::int32_t>(random.below(2)), static_cast<std::int32_t>(random.below(4))};
      tickets.push_back(carrier.ask(parts[i], slot(i)));
      CHECK(tickets.back() != typename C::Ticket{});
    }
    if (step % 3 == 1) {  // the second is given up, and its slot used for another
      CHECK(carrier.cancel(tickets[1]) <= CarrierHomes::bytes);
      parts[1] = {static_cast<std::int32_t>(random.below(2)), static_cast<std::int32_t>(random.below(4))};
      tickets[1] = carrier.ask(parts[1], slot(1));
    }
    const bool backwards = step % 2 == 1;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t now = backwards ? 2 - i : i;
      carrier.wait(tickets[now]);
      CHECK(holds(now, parts[now]));
    }
    for (std::size_t i = 0; i < 3; ++i) CHECK(holds(i, parts[i]));
  }
}

}  // namespace asterism::laws
