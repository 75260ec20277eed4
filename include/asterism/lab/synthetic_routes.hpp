// Routing traces of models that do not exist, for experiments that need many layers and experts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/lab/routed_sequence.hpp"
#include "asterism/lab/routing_trace.hpp"

namespace asterism::lab {

/// How routers behave that are all made of normal random numbers. For expert e of layer l, a token's logit is
///
///     s_l (bias b_e + topic t_e + state x_e) + n
///
/// s_l goes from `first_scale` in the first layer linearly to 1 in the last; b_e is drawn once; t_e anew every
/// `topic_tokens` tokens; x_e follows the tokens with correlation 0.5^(1 / half_life) from one to the next; n is drawn
/// anew for every token. All have mean 0 and variance 1, and each layer has its own. Tokens go to the top_k experts
/// with the greatest logits, and probabilities are their softmax.
struct SyntheticRoutes {
  RoutingSizes sizes;
  std::size_t topic_tokens = 256;  ///< >= 1
  double bias = 0;
  double topic = 0;
  double state = 0;
  double half_life = 1;  ///< > 0, in tokens
  double first_scale = 1;
  double guess_noise =
      -1;  ///< of the next routers' guesses: standard deviation added to their logits; below 0: no guesses
};

namespace synthetic {

/// Like Mixtral 8x7B: few experts, nearly even.
inline constexpr SyntheticRoutes m{.sizes = {.layers = 32, .experts = 8, .top_k = 2},
                                   .topic_tokens = 256,
                                   .bias = 0.15,
                                   .topic = 0.25,
                                   .state = 0.75,
                                   .half_life = 3,
                                   .first_scale = 0.5};
/// Like Qwen3-30B-A3B: many experts with favourites.
inline constexpr SyntheticRoutes q{.sizes = {.layers = 48, .experts = 128, .top_k = 8},
                                   .topic_tokens = 300,
                                   .bias = 0.8,
                                   .topic = 1.55,
                                   .state = 1.3,
                                   .half_life = 1.3,
                                   .first_scale = 0.7};

}  // namespace synthetic

/// A trace with one sequence of `tokens` decoded tokens, a pass each, with all probabilities. The same for the same
/// arguments. Throws InvalidArgument for impossible sizes and for numbers out of range. Takes
/// layers * experts * 4 bytes a token, twice that with guesses.
RoutingTrace synthetic_trace(const SyntheticRoutes& routes, std::size_t tokens, std::uint64_t seed);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/synthetic_routes_impl.hpp"
#endif
