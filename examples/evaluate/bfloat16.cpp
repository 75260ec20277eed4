#include "variants.hpp"

template asterism::lab::Evaluation asterism::lab::evaluate<example::Bfloat16>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
