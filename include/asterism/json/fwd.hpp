// Names of the room `json`: strict JSON, and typed fields of its objects.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace asterism::json {

using Value = nlohmann::json;
class Handler;

}  // namespace asterism::json
