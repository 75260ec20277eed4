// Bodies of classifier_file.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "asterism/assistant/classifier_file.hpp"
#include "asterism/assistant/pool.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::assistant {

namespace detail {

inline constexpr std::string_view classifier_format = "asterism query classifier 1";

/// The regression NAME of a store, of so many labels.
ASTERISM_INLINE SoftmaxRegression read_regression(const checkpoint::TensorStore& store, const std::string& name,
                                                  std::size_t labels) {
  const checkpoint::TensorInfo& weight = store.at(name + ".weight");
  const checkpoint::TensorInfo& bias = store.at(name + ".bias");
  if (weight.shape.size() != 2 || weight.shape[0] != labels || weight.shape[1] < 1) {
    throw FormatError(concat(store.describe(weight), " has another shape than (", labels, " labels, inputs)"));
  }
  if (bias.shape != std::vector<std::uint64_t>{labels}) {
    throw FormatError(concat(store.describe(bias), " has another shape than (", labels, " labels)"));
  }
  SoftmaxRegression out(labels, static_cast<std::size_t>(weight.shape[1]));
  store.read_floats(weight, 0, out.weights());
  store.read_floats(bias, 0, out.bias());
  return out;
}

ASTERISM_INLINE View<const std::byte> bytes_of(View<const float> values) {
  return {reinterpret_cast<const std::byte*>(values.data), values.size * sizeof(float)};
}

}  // namespace detail

ASTERISM_INLINE ClassifierFile ClassifierFile::read(const std::string& folder) {
  const std::string path = folder + "/classifier.json";
  const json::Document document(json::parse(file::read_file(path, 1U << 20U), path));
  json::check_object(*document, "the document", path);
  const auto& format = json::require_field(*document, "format", path);
  if (!format.is_string() || format.get<std::string>() != detail::classifier_format) {
    throw FormatError(concat(path, ": 'format' is not \"", detail::classifier_format, "\""));
  }
  const auto list = [&](std::string_view key) -> const json::Value& {
    const json::Value& values = json::require_field(*document, key, path);
    if (values.is_array()) return values;
    throw FormatError(concat(path, ": '", key, "' is no list"));
  };
  std::vector<std::string> names;
  for (const json::Value& name : list("labels")) {
    if (!name.is_string()) throw FormatError(concat(path, ": 'labels' has one that is no string"));
    names.push_back(name.get<std::string>());
  }
  std::vector<double> weights;
  for (const json::Value& weight : list("pool")) {
    if (!weight.is_number()) throw FormatError(concat(path, ": 'pool' has a weight that is no number"));
    weights.push_back(weight.get<double>());
  }
  const checkpoint::TensorStore store(folder);
  try {
    const Pool checked(weights);
    Labels labels(std::move(names));
    const std::size_t count = labels.size();
    ClassifierFile out{.labels = std::move(labels),
                       .ngrams = detail::read_regression(store, "ngrams", count),
                       .hidden = std::nullopt,
                       .pool = std::move(weights)};
    if (store.find("hidden.weight") != nullptr) out.hidden = detail::read_regression(store, "hidden", count);
    if (out.pool.size() != (out.hidden ? 3 : 2)) {
      throw FormatError(concat(path, ": 'pool' has ", out.pool.size(), " weights, and there are ",
                               out.hidden ? "n-grams, rules and hidden states" : "n-grams and rules"));
    }
    return out;
  } catch (const InvalidArgument& error) {
    throw FormatError(concat(path, ": ", error.what()));
  }
}

ASTERISM_INLINE KeywordRules ClassifierFile::rules(const Labels& labels, const std::string& folder) {
  return KeywordRules::from_file(labels, folder + "/rules.json");
}

ASTERISM_INLINE void ClassifierFile::write(const std::string& folder) const {
  std::vector<std::pair<std::string, const SoftmaxRegression*>> parts{{"ngrams", &ngrams}};
  if (hidden) parts.emplace_back("hidden", &*hidden);
  std::vector<checkpoint::TensorDeclaration> declarations;
  for (const auto& [name, part] : parts) {
    labels.check_places(part->labels());
    declarations.push_back({name + ".weight", checkpoint::DType::f32, {part->labels(), part->inputs()}});
    declarations.push_back({name + ".bias", checkpoint::DType::f32, {part->labels()}});
  }
  json::Value document = {{"format", detail::classifier_format}, {"pool", pool}};
  document["labels"] = std::vector<std::string>(labels.names().begin(), labels.names().end());
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(concat(folder, ": can't be made: ", error.message()));
  checkpoint::SafetensorsWriter writer(folder + "/model.safetensors", std::move(declarations));
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    for (const auto& [name, part] : parts) {
      if (tensor.name == name + ".weight") writer.write(tensor.name, detail::bytes_of(part->weights()));
      if (tensor.name == name + ".bias") writer.write(tensor.name, detail::bytes_of(part->bias()));
    }
  }
  writer.finish();
  file::write_text_file(folder + "/classifier.json", document.dump(2) + "\n");
}

}  // namespace asterism::assistant
