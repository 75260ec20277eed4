#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"
#include "asterism/generate/scheduler.hpp"
#include "asterism/lab/belady.hpp"
#include "asterism/lab/evaluation_report.hpp"
#include "asterism/lab/import_routes.hpp"
#include "asterism/lab/perfetto_trace.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/synthetic_routes.hpp"
#include "asterism/lab/timed_replay.hpp"
#include "asterism/lab/timeline_html.hpp"
#include "asterism/load.hpp"
#include "asterism/serve/request.hpp"
#include "asterism/serve/token_texts.hpp"

#include "shared.hpp"

int main() { return plan_of_first() == plan_of_second() ? 0 : 1; }

asterism::placement::Plan plan_of_first() { return asterism::plan<Linked>(asterism::machines::dual_16gb); }
