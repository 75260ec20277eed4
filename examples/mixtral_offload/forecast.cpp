#include "forecast.hpp"

#include <asterism/core/format.hpp>
#include <asterism/generate/memory_report.hpp>
#include <asterism/lab/forecast.hpp>
#include <asterism/residency/strategy.hpp>
#include <cstddef>
#include <cstdint>

#include "../support/conversation.hpp"

namespace example {

using namespace asterism;

namespace {

/// Over all devices.
struct Totals {
  explicit Totals(const placement::Plan& plan) : homes_known(plan.homes_on_disk() == Bytes{0}) {
    const Machine& machine = plan.machine;
    homes_known = homes_known || machine.disk_rate > Bytes{0};
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      const std::int32_t slots = plan.expert_slots(d);
      const placement::SlottedExperts& slotted = plan.footprint.slotted;
      const auto passes =
          static_cast<std::int32_t>(residency::passing_slots(slots, slotted.per_token, slotted.passing > 2));
      kept += slots - passes;
      passing += passes;
      experts += plan.slotted_experts(d);
      const bool has_homes = plan.bytes(d, placement::PartKind::expert_homes) > Bytes{0};
      homes_known = homes_known && (!has_homes || machine.rates[d] > Bytes{0});
      computing_known = computing_known && (plan.slotted_experts(d) == 0 || machine.rates[d] > Bytes{0});
    }
  }
  std::int32_t kept = 0;     ///< slots for experts that stay
  std::int32_t passing = 0;  ///< for those that pass through
  std::int32_t experts = 0;
  bool homes_known = true;  ///< the rates of where experts wait, and of devices that compute
  bool computing_known = true;
};

std::string in_gigabytes(Bytes rate) { return concat(fixed(static_cast<double>(rate.count) / 1e9, 2), " GB/s"); }

/// Where the rates come from, or how to add them.
std::string rates(const placement::Plan& plan, const Totals& totals) {
  if (!totals.homes_known) {
    std::string missing;
    if (plan.homes_on_disk() > Bytes{0} && plan.machine.disk_rate == Bytes{0}) missing = "the disk";
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (plan.bytes(d, placement::PartKind::expert_homes) == Bytes{0} || plan.machine.rates[d] > Bytes{0})
        continue;
      missing += concat(missing.empty() ? "" : " and of ", "device ", d);
    }
    return "The rate of " + missing +
           ", where experts wait, is not known. Rates add the tokens a second: --machine "
           "host:12GiB@10GB/s,disk:30GB@1GB/s, or 14GiB@300GB/s,"
           "host:90GiB@12GB/s\n";
  }
  std::string text;
  if (plan.homes_on_disk() > Bytes{0})
    text += concat("The disk reads ", in_gigabytes(plan.machine.disk_rate), ". ");
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const Bytes rate = plan.machine.rates[d];
    if (rate == Bytes{0}) continue;
    text +=
        concat("Device ", d, plan.slotted_experts(d) > 0 ? " computes at " : " gives ", in_gigabytes(rate), ". ");
  }
  if (!totals.computing_known) text += "Answers are slower where computing takes longer.";
  return text + "\n";
}

}  // namespace

std::string forecast(const placement::Plan& plan) {
  const placement::SlottedExperts& experts = plan.footprint.slotted;
  const Totals totals(plan);
  const Bytes on_disk = plan.homes_on_disk();
  const auto used =
      static_cast<std::uint64_t>(experts.layers.size()) * static_cast<std::uint64_t>(experts.per_token);
  std::string text =
      concat(totals.kept + totals.passing, " slots for ", totals.experts, " experts: ", totals.kept,
             " for those that stay (", fixed(100.0 * totals.kept / totals.experts, 1), " %), ", totals.passing,
             " for those that pass through; ", to_string(experts.each), " each, ", to_string(experts.homes()),
             " together, which wait ",
             on_disk == experts.homes() ? "on the disk"
             : on_disk == Bytes{0}      ? "in host memory"
                                   : concat("in host memory and, ", to_string(on_disk), " of them, on the disk"),
             ". A token uses ", used, ", ", experts.per_token, " in each of ",
             counted(experts.layers.size(), "layer"), ".\n", generate::strategy_lines(plan),
             "By the share of them that it finds in slots:");
  text += concat("\n\n  found        it reads",
                 !totals.homes_known      ? ""
                 : totals.computing_known ? "    tokens/s"
                                          : "    tokens/s at most",
                 "\n");
  for (const double found : {0.0, 0.4, 0.8}) {
    const auto bytes = static_cast<std::uint64_t>(static_cast<double>((experts.each * used).count) * (1 - found));
    text += concat("  ", pad_left(fixed(100 * found, 0), 3), " %", pad_left(to_string(Bytes{bytes}), 16));
    if (totals.homes_known) {
      text += pad_left(fixed(1 / lab::decode_seconds(plan, found), 2), totals.computing_known ? 12 : 20);
    }
    text += "\n";
  }
  return text + "\n" + rates(plan, totals);
}

}  // namespace example
