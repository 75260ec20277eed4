#include "model.hpp"

#include <asterism/checkpoint/huggingface/model_config.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/input_file.hpp>
#include <asterism/file/path.hpp>
#include <asterism/generate/load_options.hpp>
#include <asterism/shape/catalogue.hpp>
#include <cstddef>
#include <string_view>

namespace example {

namespace {

struct NamedShape {
  std::string_view name;
  Shape shape;
};

constexpr NamedShape named_shapes[] = {
    {"mixtral_8x7b", shapes::mixtral_8x7b},
    {"mixtral_8x22b", shapes::mixtral_8x22b},
    {"qwen3_30b_a3b", shapes::qwen3_30b_a3b},
    {"qwen3_235b_a22b", shapes::qwen3_235b_a22b},
    {"qwen3_next_80b", shapes::qwen3_next_80b_a3b},
    {"llama3_8b", shapes::llama3_8b},
    {"llama3_70b", shapes::llama3_70b},
    {"mistral_7b", shapes::mistral_7b},
};

}  // namespace

std::string shape_names() {
  std::string names;
  for (const NamedShape& one : named_shapes) names += concat(names.empty() ? "" : ", ", one.name);
  return names;
}

Shape read_shape(const std::string& model) {
  const file::PathKind kind = file::path_kind(model);
  if (kind == file::PathKind::missing) {
    for (const NamedShape& one : named_shapes) {
      if (one.name == model) return one.shape;
    }
    throw FileError(concat(model,
                           ": neither a file nor a folder, nor a published model; give a config.json, a folder "
                           "with one, a GGUF file, or one of ",
                           shape_names()));
  }
  if (kind == file::PathKind::folder || !model.ends_with(".json")) return generate::read_config(model).shape;
  constexpr std::size_t most = std::size_t{1} << 24U;
  return checkpoint::parse_model_config(file::read_file(model, most), model).shape;
}

}  // namespace example
