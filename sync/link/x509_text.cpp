// SPDX-License-Identifier: Apache-2.0
#include "sync/link/x509_text.hpp"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <ctime>

#include "sync/link/openssl_error.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

Bio bio_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), INT_MAX))));
}

Bio memory_bio() { return Bio(BIO_new(BIO_s_secmem())); }

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

base::Result<Name> name_of(std::string_view common_name) {
  constexpr std::size_t kCommonNameMax = 64;
  if (common_name.empty() || common_name.size() > kCommonNameMax) {
    return fail(Code::kInvalid,
                "a common name has 1 to 64 characters, this one has " + std::to_string(common_name.size()));
  }
  Name name(X509_NAME_new());
  const auto* const text = reinterpret_cast<const unsigned char*>(common_name.data());
  const int added = X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8, text,
                                               static_cast<int>(common_name.size()), -1, 0);
  if (added != 1) return fail(openssl_error(Code::kInvalid, "common name"));
  return name;
}

std::string common_name_of(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return out;
}

namespace {

std::string ip_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return {};
  return ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) != nullptr
             ? text.data()
             : "";
}

std::string dns_text(const ASN1_IA5STRING* name) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
          static_cast<std::size_t>(ASN1_STRING_length(name))};
}

}  // namespace

std::vector<std::string> subject_names_of(const X509* certificate) {
  std::vector<std::string> out;
  auto* const all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(all, i);
    if (one->type == GEN_DNS) out.push_back(dns_text(one->d.dNSName));
    if (one->type == GEN_IPADD) out.push_back(ip_text(one->d.iPAddress));
  }
  GENERAL_NAMES_free(all);
  return out;
}

base::WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return base::WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::time_t seconds_of(base::WallTime time) {
  return static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

}  // namespace holdfast::sync
