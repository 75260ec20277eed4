// The only header that includes Eigen: it checks the version, and no Eigen type leaves the room.
#pragma once

#if defined(EIGEN_CUDACC)
#error "Eigen was included before Asterism in a CUDA source: include Asterism first, or define EIGEN_NO_CUDA"
#endif
#ifndef EIGEN_NO_CUDA
#define EIGEN_NO_CUDA  // otherwise Eigen's inline code gets two bodies, one from g++ and one from nvcc
#endif

#include <Eigen/Core>

#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "Asterism needs Eigen 3.4.0 or newer"
#endif
