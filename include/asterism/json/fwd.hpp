// Names of the room `json`: strict JSON, and typed fields of its objects.
#pragma once

namespace asterism::json {

class Handler;

}  // namespace asterism::json
