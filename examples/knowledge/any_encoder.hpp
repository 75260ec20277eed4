// Any text encoder, chosen when the program runs.
#pragma once

#include <asterism/core/view.hpp>
#include <asterism/encode/concept.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace example {

/// Models encode::TextEncoder by another one, which it keeps alive.
class AnyEncoder {
 public:
  template <asterism::encode::TextEncoder Encoder>
  explicit AnyEncoder(std::shared_ptr<const Encoder> encoder)
      : dim_(encoder->dim()),
        fingerprint_(encoder->fingerprint()),
        encode_([encoder](auto texts, auto out) { encoder->encode(texts, out); }) {}

  std::size_t dim() const { return dim_; }
  std::uint64_t fingerprint() const { return fingerprint_; }
  void encode(asterism::View<const std::string_view> texts, asterism::MatrixView<float> out) const {
    encode_(texts, out);
  }

 private:
  std::size_t dim_;
  std::uint64_t fingerprint_;
  std::function<void(asterism::View<const std::string_view>, asterism::MatrixView<float>)> encode_;
};

}  // namespace example
