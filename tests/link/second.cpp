#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"
#include "asterism/lab/belady.hpp"
#include "asterism/lab/evaluation_report.hpp"
#include "asterism/lab/import_routes.hpp"
#include "asterism/lab/perfetto_trace.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/synthetic_routes.hpp"
#include "asterism/lab/timed_replay.hpp"
#include "asterism/lab/timeline_html.hpp"
#include "asterism/load.hpp"

#include "shared.hpp"

asterism::placement::Plan plan_of_second() { return asterism::plan<Linked>(asterism::machines::dual_16gb); }
