#include "variants.hpp"

template asterism::lab::Evaluation asterism::lab::evaluate<example::Exact>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
