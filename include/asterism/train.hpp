// Training: everything that a program which trains a model includes. Needs what load.hpp does; CMake target
// asterism::train.
#pragma once

#include "asterism/load.hpp"
#include "asterism/train/adam_w.hpp"
#include "asterism/train/adam_w8.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/data/read_examples.hpp"
#include "asterism/train/encoders/constellation_trainer.hpp"
#include "asterism/train/initialise.hpp"
#include "asterism/train/merge.hpp"
#include "asterism/train/muon.hpp"
#include "asterism/train/peft.hpp"
#include "asterism/train/run.hpp"
#include "asterism/train/trainer.hpp"
