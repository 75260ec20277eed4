// Without prometheus-cpp.
#include "metrics.hpp"

namespace example {

struct Metrics::Families {};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;
bool Metrics::available() { return false; }
void Metrics::first_token(double /*seconds*/) {}
void Metrics::next_token(double /*seconds*/) {}
void Metrics::ended(const AnswerEnd& /*end*/) {}
void Metrics::passed(double /*seconds*/, const residency::SlotCounts& /*slots*/) {}
std::string Metrics::text(const SchedulerLoad& /*load*/, const placement::Plan& /*plan*/,
                          const std::vector<generate::ArenaUse>& /*arenas*/) const {
  return {};
}

}  // namespace example
