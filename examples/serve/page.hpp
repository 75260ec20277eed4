// The server's page, and the headers that keep it to itself.
#pragma once

#include <asterism/core/format.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sha256.hpp"

namespace example {

/// page.html, which the build puts into the program.
std::string_view page_text();

/// In base64. Source: RFC 4648, section 4.
inline std::string base64(const Digest& digest) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t bytes = sizeof(Digest);
  const auto byte_at = [&](std::size_t at) {
    return at < bytes ? digest[at / 4] >> 8U * (3 - at % 4) & 0xFFU : 0;
  };
  std::string out;
  for (std::size_t i = 0; i < bytes; i += 3) {
    const std::uint32_t three = byte_at(i) << 16U | byte_at(i + 1) << 8U | byte_at(i + 2);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes ? '=' : letters[three >> 6U * (3 - k) & 63U];
  }
  return out;
}

/// The text of the first element of that name.
inline std::string_view element_text(std::string_view page, std::string_view name) {
  const std::string begin = asterism::concat("<", name, ">");
  const std::size_t first = page.find(begin) + begin.size();
  return page.substr(first, page.find(asterism::concat("</", name, ">"), first) - first);
}

/// The page's script and style alone are run and applied, nothing is loaded but from this server, and no other page may
/// frame it. Source: Content Security Policy Level 3 and Trusted Types, W3C.
inline std::vector<std::pair<std::string, std::string>> page_headers() {
  const auto hash = [](std::string_view name) { return base64(sha256(element_text(page_text(), name))); };
  return {{"Content-Security-Policy",
           asterism::concat("default-src 'none'; script-src 'sha256-", hash("script"), "'; style-src 'sha256-",
                            hash("style"),
                            "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                            "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cache-Control", "no-cache"}};
}

}  // namespace example
