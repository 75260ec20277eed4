#include "asterism/lab/evaluation_report.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/load.hpp"

#include "shared.hpp"

asterism::placement::Plan plan_of_second() { return asterism::plan<Linked>(asterism::machines::dual_16gb); }
