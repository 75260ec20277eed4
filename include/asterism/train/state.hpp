// States of a run on disk: weights, optimizer and place in the data, whole or not at all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "asterism/checkpoint/peft.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/data/packing.hpp"
#include "asterism/train/loss_scale.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// What a state holds besides weights and optimizer.
struct Progress {
  std::int64_t step = 0;
  PackingPosition position{};           ///< in the data
  std::uint64_t tokens = 0;             ///< passed since the beginning
  double seconds = 0;                   ///< of training
  std::optional<double> held_out = {};  ///< loss on held-out examples, if it was measured then
  std::optional<LossScale> scale = {};  ///< of the next step, if the recipe scales its loss
  /// What has to be the same for a run to go on: its recipe, model and data, as texts by name.
  std::map<std::string, std::string> recipe{};
};

/// The states of one run, in folders `step-NNNNNNNN` of the run's folder. Each is a checkpoint that `load` reads
/// (config.json, model.safetensors in float32, tokenizer), or adapters in PEFT's files where the run trains these, with
/// optimizer.safetensors and training.json, which has checksums of all that. A folder appears under its name when it is
/// complete and on the disk. Not thread-safe.
class States {
 public:
  /// `folder` is created if it is missing; config.json, of that architecture, and tokenizer come from the
  /// checkpoint `like`. With `adapters` the parameters are adapters, of which that is the configuration, and `like` is
  /// not read. FileError if the system refuses, or `like` is given and has no config.json.
  States(std::string folder, std::string like, Architecture architecture,
         std::optional<checkpoint::PeftConfig> adapters = {});

  /// Removes what killed runs left half-written or half-removed. For a folder in which no other run is at work.
  void remove_leftovers() const;

  const std::string& folder() const { return folder_; }
  std::string path_of(std::int64_t step) const;

  /// The steps of which there are states, ascending.
  std::vector<std::int64_t> steps() const;

  /// Writes a state; then removes all but the last two and the one whose held-out loss is least: the disk has room for
  /// four. FileError if it refuses: the older states stay. What can't be removed stays until the next time.
  void save(View<const Parameter> parameters, const Progress& progress);

  /// Reads the last state into weights and optimizer states, if there is one, and rounds the weights where the model
  /// computes with them rounded. Throws FormatError naming the file where
  /// it is damaged, and which state to go back to; InvalidArgument naming every difference where its recipe is not
  /// `recipe`. After an exception weights and states are unspecified.
  std::optional<Progress> load_last(View<const Parameter> parameters,
                                    const std::map<std::string, std::string>& recipe) const;

 private:
  Progress read_progress(const std::string& path) const;
  bool remove(std::int64_t step) const;
  void keep_few() const;

  std::string folder_;
  std::string like_;
  Architecture architecture_;
  std::optional<checkpoint::PeftConfig> adapters_;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/state_impl.hpp"
#endif
