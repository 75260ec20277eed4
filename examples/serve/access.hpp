// Who may ask: keys, names of this host, origins of pages.
#pragma once

#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/path.hpp>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sha256.hpp"

namespace example {

/// Keys of a file, one a line; what follows a # at its beginning is a comment. They are kept as digests.
class Keys {
 public:
  Keys() = default;
  /// Throws FileError where there is no such file, FormatError where there is no key in it.
  explicit Keys(const std::string& path) {
    const std::string text = asterism::file::read_file(path, std::uint64_t{1} << 20U);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = std::string_view(text).substr(at, end - at);
      while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
      if (!line.empty() && line.front() != '#') digests_.push_back(sha256(line));
      at = end + 1;
    }
    if (digests_.empty()) throw asterism::FormatError(path + ": no key in it; write one a line");
  }

  bool asked_for() const { return !digests_.empty(); }

  /// Whether `authorization`, of the header of that name, is "Bearer" and one of the keys. The time does not depend on
  /// how alike keys are, nor on which one it is.
  bool allow(std::string_view authorization) const {
    constexpr std::string_view scheme = "Bearer ";
    const auto lower = [](unsigned char c) { return std::tolower(c); };
    const bool is_bearer = std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, lower, lower);
    const Digest found = sha256(is_bearer ? authorization.substr(scheme.size()) : authorization);
    std::uint32_t one_fits = 0;
    for (const Digest& key : digests_) {
      std::uint32_t differs = 0;
      for (std::size_t i = 0; i < key.size(); ++i) differs |= key[i] ^ found[i];
      one_fits |= differs == 0 ? 1U : 0U;
    }
    return is_bearer && one_fits == 1;
  }

 private:
  std::vector<Digest> digests_;
};

/// As a client names it: without a scope, and an address of IPv4 as such.
inline std::string text_of(const boost::asio::ip::address& address) {
  if (!address.is_v6()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  const std::string text = address.to_string();
  return text.substr(0, text.find('%'));
}

/// `host`, of the header of that name, without its port.
inline std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == host.npos || host.find(']', colon) != host.npos) return host;
  return host.substr(0, colon);
}

/// Whether `host` names this server: itself, `address` (at which it was reached) or one of `names`. A page whose name
/// was made to mean this machine (DNS rebinding) says another one.
inline bool is_own_host(std::string_view host, std::string_view address, const std::vector<std::string>& names) {
  const auto is = [name = without_port(host)](std::string_view other) {
    return std::ranges::equal(
        name, other, {}, [](unsigned char c) { return std::tolower(c); },
        [](unsigned char c) { return std::tolower(c); });
  };
  return is("localhost") || is("127.0.0.1") || is("[::1]") || is(address) ||
         is(asterism::concat("[", address, "]")) || std::ranges::any_of(names, is);
}

}  // namespace example
