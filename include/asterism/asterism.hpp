// Everything that runs a model whose weights are at hand: includes no third party's header and links nothing but
// threads. Reading checkpoints and text is in load.hpp.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/core/version.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/gating/switch.hpp"
#include "asterism/machine/catalogue.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/counts.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/balanced_low_first.hpp"
#include "asterism/placement/explicit.hpp"
#include "asterism/placement/sequential.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/shape/catalogue.hpp"
