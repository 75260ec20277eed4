// Names of the room `generate`: from a folder to text.
#pragma once

namespace asterism {

struct GenerateOptions;
struct LoadOptions;
struct SessionOptions;
struct Outcome;
template <class B>
class LanguageModel;
template <class B>
class Session;

namespace generate {

class Sampler;
class StopStrings;

}  // namespace generate
}  // namespace asterism
