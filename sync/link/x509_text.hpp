// SPDX-License-Identifier: Apache-2.0
// Between OpenSSL's objects and strings, times and names.
// Threads: pure functions.
#pragma once

#include <openssl/bio.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

using Bio = base::Handle<BIO, BIO_free_all>;
using Name = base::Handle<X509_NAME, X509_NAME_free>;

/// Reads `text`, which must outlive it.
Bio bio_of(std::string_view text);
/// Collects what is written; wiped when it goes away, since keys pass through it.
Bio memory_bio();
std::string text_of(const Bio& bio);

/// One common name, 1 to 64 characters of UTF-8 (RFC 5280, ub-common-name).
base::Result<Name> name_of(std::string_view common_name);
std::string common_name_of(const X509_NAME* name);
std::vector<std::string> subject_names_of(const X509* certificate);

base::WallTime time_of(const ASN1_TIME* time);
std::time_t seconds_of(base::WallTime time);
bool is_ip(const std::string& host);

}  // namespace holdfast::sync
