// The bodies of the room train that depend on no policy, compiled once for a program in the compiled form
// (ASTERISM_COMPILED): the target asterism::train adds this source to its user, besides those of asterism::text; see
// core/config.hpp.

#include "asterism/train/adam_w8_impl.hpp"
#include "asterism/train/adam_w_impl.hpp"
#include "asterism/train/adapters_impl.hpp"
#include "asterism/train/bias_impl.hpp"
#include "asterism/train/checkpoint_impl.hpp"
#include "asterism/train/clip_impl.hpp"
#include "asterism/train/data/examples_impl.hpp"
#include "asterism/train/data/packing_impl.hpp"
#include "asterism/train/data/read_examples_impl.hpp"
#include "asterism/train/data/read_row_impl.hpp"
#include "asterism/train/describe_impl.hpp"
#include "asterism/train/encoders/draft_impl.hpp"
#include "asterism/train/initialise_impl.hpp"
#include "asterism/train/log_impl.hpp"
#include "asterism/train/merge_impl.hpp"
#include "asterism/train/muon_impl.hpp"
#include "asterism/train/report_html_impl.hpp"
#include "asterism/train/run_lock_impl.hpp"
#include "asterism/train/state_impl.hpp"
