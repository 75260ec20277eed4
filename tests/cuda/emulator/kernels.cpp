// The kernels, compiled by g++ with this folder's cuda_runtime.h.
#include "asterism/cuda/kernels.cu"
