// Bodies of state.hpp.
#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/peft.hpp"
#include "asterism/train/state.hpp"
#include "asterism/train/state_files.hpp"

namespace asterism::train {

ASTERISM_INLINE States::States(std::string folder, std::string like, Architecture architecture,
                               std::optional<checkpoint::PeftConfig> adapters)
    : folder_(std::move(folder)),
      like_(std::move(like)),
      architecture_(architecture),
      adapters_(std::move(adapters)) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) throw FileError(concat(folder_, ": can't be created: ", error.message()));
  const std::string config = like_ + "/config.json";
  if (!like_.empty() && !adapters_ && file::path_kind(config) != file::PathKind::file) {
    throw FileError(concat(config, ": no such file; states are checkpoints, which have that of the model"));
  }
}

ASTERISM_INLINE void States::remove_leftovers() const {
  for (const std::string& name : file::folder_entries(folder_)) {
    const bool is_leftover = name.ends_with(detail::removed_suffix) || name.find(".partial-") != name.npos;
    if (!name.starts_with(detail::state_prefix) || !is_leftover) continue;
    std::error_code ignored;  // it takes room, and does no other harm
    std::filesystem::remove_all(concat(folder_, "/", name), ignored);
  }
}

ASTERISM_INLINE std::string States::path_of(std::int64_t step) const {
  char name[32];
  std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
  return concat(folder_, "/", name);
}

ASTERISM_INLINE std::vector<std::int64_t> States::steps() const {
  std::vector<std::int64_t> out;
  for (const std::string& name : file::folder_entries(folder_)) {
    if (!name.starts_with(detail::state_prefix)) continue;
    const std::string number = name.substr(detail::state_prefix.size());
    if (number.size() < 8 || number.size() > 18 || number.find_first_not_of("0123456789") != number.npos) continue;
    out.push_back(std::stoll(number));
  }
  std::sort(out.begin(), out.end());
  return out;
}

ASTERISM_INLINE void States::save(View<const Parameter> parameters, const Progress& progress) {
  const std::string path = path_of(progress.step);
  if (adapters_) {
    file::NewFolder target(path);
    checkpoint::write_peft_files(target.temporary(), *adapters_, peft_tensors(parameters));
    detail::write_rest(parameters, progress, target.temporary());
    target.finish([](const std::string&) { return true; });
  } else {
    checkpoint::CheckpointWriter writer(path, weight_declarations(parameters));
    write_checkpoint(parameters, like_, architecture_, writer);
    detail::write_rest(parameters, progress, writer.temporary());
    writer.finish();
  }
  keep_few();
}

ASTERISM_INLINE Progress States::read_progress(const std::string& path) const {
  const std::string name = path + "/training.json";
  json::Value state = json::parse(file::read_file(name, 1U << 20U), name);
  json::check_object(state, "the document", name);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t expected = json::require_integer(state, "crc32c", name, 0, most);
  state.erase("crc32c");
  if (detail::checksum(state.dump()) != expected) {
    throw FormatError(concat(name, ": its checksum is not that of its content: the file is damaged"));
  }
  Progress out;
  json::require_integer(state, "format", name, 1, 1);
  out.step = json::require_integer(state, "step", name, 0, most);
  out.position = {.epoch = static_cast<std::uint64_t>(json::require_integer(state, "epoch", name, 0, most)),
                  .example = static_cast<std::uint64_t>(json::require_integer(state, "example", name, 0, most)),
                  .step = out.step};
  out.tokens = static_cast<std::uint64_t>(json::require_integer(state, "tokens", name, 0, most));
  out.seconds = json::require_number(state, "seconds", name);
  out.held_out = json::optional_number(state, "held_out_loss", name);
  if (const auto scale = json::optional_number(state, "loss_scale", name)) {
    out.scale = {.value = static_cast<float>(*scale),
                 .good_steps = static_cast<std::int32_t>(json::require_integer(
                     state, "good_steps", name, 0, std::numeric_limits<std::int32_t>::max())),
                 .skipped = json::require_integer(state, "skipped_steps", name, 0, out.step)};
  }
  const json::Value& recipe = json::require_object(state, "recipe", name);
  for (const auto& [key, value] : recipe.items()) out.recipe[key] = json::to_text(value, key, name);
  return out;
}

ASTERISM_INLINE std::optional<Progress> States::load_last(View<const Parameter> parameters,
                                                          const std::map<std::string, std::string>& recipe) const {
  const std::vector<std::int64_t> all = steps();
  if (all.empty()) return std::nullopt;
  const std::string path = path_of(all.back());
  try {
    Progress out = read_progress(path);
    std::string differences;
    std::map<std::string, std::string> names = recipe;
    names.insert(out.recipe.begin(), out.recipe.end());
    const auto value_of = [](const std::map<std::string, std::string>& in, const std::string& key) {
      const auto found = in.find(key);
      return found == in.end() ? std::string("not set") : found->second;
    };
    for (const auto& [key, unused] : names) {
      const std::string before = value_of(out.recipe, key);
      const std::string now = value_of(recipe, key);
      if (before != now) differences += concat("\n  ", key, ": ", before, " in the state, ", now, " now");
    }
    if (!differences.empty()) {
      throw InvalidArgument(concat(
          path, " was made with another recipe: go on with that one, or give another folder:", differences));
    }
    if (adapters_) {
      checkpoint::read_peft(path, *adapters_, peft_tensors(parameters));
    } else {
      detail::read_weights(parameters, path);
    }
    detail::read_optimizer(parameters, path + "/optimizer.safetensors");
    const std::string name = path + "/training.json";
    const json::Value state = json::parse(file::read_file(name, 1U << 20U), name);
    const auto [weights, optimizer] = detail::checksums(parameters);
    for (const auto& [key, file, found] :
         {std::tuple{"weights_crc32c", adapters_ ? "adapter_model.safetensors" : "model.safetensors", weights},
          std::tuple{"optimizer_crc32c", "optimizer.safetensors", optimizer}}) {
      if (json::require_integer(state, key, name, 0, std::numeric_limits<std::int64_t>::max()) != found) {
        throw FormatError(
            concat(path, "/", file, ": its checksum is not the one in training.json: the file is damaged"));
      }
    }
    return out;
  } catch (const FormatError& error) {
    if (all.size() == 1) {
      throw FormatError(concat(error.what(), "; there is no older state: remove ", path, " to begin anew"));
    }
    throw FormatError(concat(error.what(), "; remove ", path, " to go on from ", path_of(all[all.size() - 2])));
  }
}

ASTERISM_INLINE bool States::remove(std::int64_t step) const {
  // Under another name first: what is removed by half is no state.
  const std::string path = path_of(step);
  const std::string removed = concat(path, detail::removed_suffix);
  std::error_code error;
  std::filesystem::remove_all(removed, error);
  std::filesystem::rename(path, removed, error);
  if (!error) std::filesystem::remove_all(removed, error);
  return !error;
}

ASTERISM_INLINE void States::keep_few() const {
  const std::vector<std::int64_t> all = steps();
  std::optional<double> least;
  std::int64_t best = -1;
  for (const std::int64_t step : all) {
    std::optional<double> loss;
    try {
      loss = read_progress(path_of(step)).held_out;
    } catch (const Error&) {
      continue;  // a damaged one is not the best
    }
    if (loss && (!least || *loss < *least)) {
      least = loss;
      best = step;
    }
  }
  for (std::size_t i = 0; i + 2 < all.size(); ++i) {
    if (all[i] != best) remove(all[i]);
  }
}

}  // namespace asterism::train
