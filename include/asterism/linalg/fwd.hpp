// The room `linalg`: row operations of a network on views; the only room that includes Eigen.
// Public functions: rms_norm, layer_norm, gelu, gelu_backward, exponentials, softmax, rotary_table, rotate_half.
#pragma once
