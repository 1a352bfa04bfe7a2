// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/remote.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/file_io.hpp"
#include "base/limits/git.hpp"
#include "gitops/git/known_hosts.hpp"
#include "gitops/git/libgit2.hpp"
#include "gitops/git/refs_file.hpp"
#include "gitops/repository_url.hpp"
#include "gitops/revision_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
using sync::in_quotes;
using Kind = RepositoryUrl::Kind;
namespace limits = base::limits;

constexpr std::uint16_t kSshPort = 22;

Result<std::string> read_secret(const std::string& path, std::string_view what) {
  auto text = base::read_file(path, limits::kGitSecretBytesMax);
  if (!text) return fail(std::move(text).error().with_context(what));
  const std::string secret(sync::trimmed(*text));
  if (secret.empty()) return fail(Code::kInvalid, std::string(what) + ": " + path + " is empty");
  return secret;
}

/// One conversation with one remote: what libgit2's callbacks are given, and why they said no.
class Session {
 public:
  static Result<Session> make(const FetchJob& job) {
    Session session(job);
    HF_TRY(session.url_, parse_repository_url(job.repository.url));
    HF_CHECK(session.read_credentials());
    return session;
  }

  git_remote_callbacks callbacks() {
    git_remote_callbacks out = GIT_REMOTE_CALLBACKS_INIT;
    out.payload = this;
    out.credentials = [](git_credential** credential, const char*, const char* user, unsigned allowed,
                         void* self) {
      return static_cast<Session*>(self)->credential(credential, user, allowed);
    };
    out.certificate_check = [](git_cert* certificate, int valid, const char*, void* self) {
      return static_cast<Session*>(self)->check_certificate(*certificate, valid != 0);
    };
    out.transfer_progress = [](const git_indexer_progress* progress, void* self) {
      return static_cast<Session*>(self)->check_progress(*progress);
    };
    return out;
  }

  /// With a token nothing is followed to another host.
  git_remote_redirect_t redirects() const {
    return token_.empty() ? GIT_REMOTE_REDIRECT_INITIAL : GIT_REMOTE_REDIRECT_NONE;
  }

  /// libgit2 reads ~/.ssh/known_hosts to learn which type of key to ask the server for; what is trusted is
  /// decided in check_host_key. HOME is the job's folder; see main_fetch.cpp.
  Status show_known_hosts() const;

  /// Why the call that answered `status` failed, in our words.
  Error error(int status) const;

 private:
  explicit Session(const FetchJob& job) : job_(job) {}

  Status read_credentials();
  int credential(git_credential** out, const char* user, unsigned allowed);
  int check_certificate(const git_cert& certificate, bool valid);
  int check_host_key(const git_cert_hostkey& key);
  int check_progress(const git_indexer_progress& progress);
  int refuse(int status, Code code, std::string message);
  std::string host() const;
  std::uint16_t port() const { return url_.port == 0 ? kSshPort : url_.port; }
  std::string without_secret(std::string text) const;

  const FetchJob& job_;
  RepositoryUrl url_;
  std::string token_;
  KnownHosts known_hosts_;
  bool tried_ = false;
  std::optional<Error> refused_;
};

Status Session::read_credentials() {
  const Repository& repository = job_.repository;
  if (url_.kind == Kind::kHttps && !repository.token_file.empty()) {
    HF_TRY(token_, read_secret(repository.token_file, "the token file"));
  }
  if (url_.kind != Kind::kSsh) return {};
  if (repository.known_hosts_file.empty()) {
    return fail(Code::kInvalid, "ssh needs a known_hosts file, so that only the right server is spoken to");
  }
  HF_TRY(const std::string text, base::read_file(repository.known_hosts_file, limits::kKnownHostsBytesMax));
  HF_TRY(known_hosts_, KnownHosts::parse(text));
  return {};
}

Status Session::show_known_hosts() const {
  if (url_.kind != Kind::kSsh) return {};
  const std::string folder = job_.folder + "/.ssh";
  std::error_code problem;
  std::filesystem::create_directory(folder, problem);
  if (problem) return fail(Error::from_errno(problem.value(), folder));
  return base::write_file(folder + "/known_hosts", known_hosts_.lines_for(url_.host, port()), 0600);
}

int Session::refuse(int status, Code code, std::string message) {
  if (!refused_) refused_ = Error(code, std::move(message));
  return status;
}

std::string Session::host() const {
  return url_.host + (url_.port == 0 ? "" : ":" + std::to_string(url_.port));
}

// ---- callbacks ----

/// libgit2 asks again when a credential was not taken; one of each is all there is.
int Session::credential(git_credential** out, const char* user, unsigned allowed) {
  const Repository& repository = job_.repository;
  const std::string fallback = repository.username.empty() ? "git" : repository.username;
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) return git_credential_username_new(out, fallback.c_str());
  if (tried_) {
    return refuse(
        GIT_EAUTH, Code::kPermission,
        host() + " does not accept " +
            (url_.kind == Kind::kSsh ? "the key in " + repository.ssh_key_file +
                                           " (it must be known there, and have no passphrase)"
                                     : "the token in " + repository.token_file + " for user " + fallback));
  }
  tried_ = true;
  if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !repository.ssh_key_file.empty()) {
    return git_credential_ssh_key_new(out, user != nullptr ? user : fallback.c_str(), nullptr,
                                      repository.ssh_key_file.c_str(), "");
  }
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && url_.kind == Kind::kHttps && !token_.empty()) {
    return git_credential_userpass_plaintext_new(out, fallback.c_str(), token_.c_str());
  }
  return refuse(GIT_EAUTH, Code::kPermission,
                host() + " asks who we are; give the hub " +
                    (url_.kind == Kind::kSsh ? "a key file" : "a username and a token file") +
                    " for this repository");
}

int Session::check_certificate(const git_cert& certificate, bool valid) {
  if (certificate.cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
    return check_host_key(reinterpret_cast<const git_cert_hostkey&>(certificate));
  }
  if (valid) return 0;
  return refuse(GIT_ECERTIFICATE, Code::kPermission,
                "TLS: the certificate of " + host() +
                    " is not trusted (wrong name, expired, or of an unknown CA); if " +
                    "it is a private CA, give the hub its certificate as CA file for this repository");
}

int Session::check_host_key(const git_cert_hostkey& key) {
  if ((key.type & GIT_CERT_SSH_RAW) == 0)
    return refuse(GIT_ECERTIFICATE, Code::kUnsupported, "no host key is shown");
  const std::string_view bytes(key.hostkey, key.hostkey_len);
  const std::string fingerprint = host_key_fingerprint(bytes);
  const std::string& file = job_.repository.known_hosts_file;
  switch (known_hosts_.check(url_.host, port(), bytes)) {
    case HostKeyVerdict::kTrusted: return 0;
    case HostKeyVerdict::kUnknown:
      return refuse(GIT_ECERTIFICATE, Code::kPermission,
                    "the host key of " + host() + " is not known: " + fingerprint +
                        "; compare it with what the "
                        "server's operator says, then add it to " +
                        file + " (ssh-keyscan prints the line)");
    case HostKeyVerdict::kOther:
      return refuse(GIT_ECERTIFICATE, Code::kPermission,
                    "the host key of " + host() + " is not the one in " + file + ": it shows " + fingerprint +
                        "; somebody may be in between, or the server got a new key");
    case HostKeyVerdict::kRevoked:
      return refuse(GIT_ECERTIFICATE, Code::kPermission,
                    "the host key of " + host() + " is revoked in " + file + ": " + fingerprint);
  }
  return GIT_ECERTIFICATE;
}

int Session::check_progress(const git_indexer_progress& progress) {
  if (progress.received_bytes > job_.bytes_max) {
    return refuse(GIT_EUSER, Code::kLimit,
                  "the repository sends more than " + std::to_string(job_.bytes_max) +
                      " bytes in one fetch; make it smaller");
  }
  if (progress.total_objects > limits::kFetchObjectsMax) {
    return refuse(GIT_EUSER, Code::kLimit,
                  "the repository sends more than " + std::to_string(limits::kFetchObjectsMax) + " objects");
  }
  return 0;
}

// ---- errors ----

bool holds(const std::string& text, std::initializer_list<std::string_view> any) {
  for (const auto part : any) {
    if (text.find(part) != std::string::npos) return true;
  }
  return false;
}

std::string Session::without_secret(std::string text) const {
  for (auto at = token_.empty() ? std::string::npos : text.find(token_); at != std::string::npos;
       at = text.find(token_)) {
    text.replace(at, token_.size(), "***");
  }
  return text;
}

/// libgit2's classes say which part of it failed, hardly why; the rest is in its text.
Code code_of(int status, int klass, const std::string& text) {
  if (holds(text, {"No space left", "Disk quota"})) return Code::kNoSpace;
  if (holds(text, {"File too large", "maximum pack", "too many objects"})) return Code::kLimit;
  if (holds(text, {"timed out", "Timeout", "timeout"})) return Code::kTimeout;
  if (status == GIT_EAUTH ||
      holds(text, {"status code: 401", "status code: 403", "authentication", "Permission denied"})) {
    return Code::kPermission;
  }
  if (status == GIT_ENOTFOUND ||
      holds(text, {"status code: 404", "not found", "does not exist", "not appear to be a git",
                   "access denied or repository not exported", "could not find repository",
                   "No such file or directory"})) {
    return Code::kNotFound;
  }
  if (klass == GIT_ERROR_SSL && holds(text, {"certificate", "Certificate", "CERT"})) return Code::kPermission;
  if (klass == GIT_ERROR_NOMEMORY) return Code::kLimit;
  if (klass == GIT_ERROR_INDEXER || klass == GIT_ERROR_ZLIB) return Code::kCorrupt;
  return Code::kUnavailable;
}

Error Session::error(int status) const {
  if (refused_) return *refused_;
  const git_error* last = git_error_last();
  const int klass = last == nullptr ? 0 : last->klass;
  const std::string text = without_secret(git_error_text());
  if (text.find("Unable to exchange encryption keys") != std::string::npos) {
    return {Code::kUnsupported,
            host() +
                " and we share no type of host key that is known; add the server's ed25519 or "
                "ecdsa key to " +
                job_.repository.known_hosts_file + " (ssh-keyscan -t ed25519,ecdsa prints the lines)"};
  }
  const Code code = code_of(status, klass, text);
  if (code == Code::kNotFound) {
    return {code, base::Disposition::kRetry,
            "there is no such repository, or it is hidden without credentials: " + text};
  }
  return {code, (klass == GIT_ERROR_SSL ? "TLS: " : "") + text};
}

// ---- the fetch ----

struct RemoteRefs {
  MirrorRefs refs;
  std::string head;
};

/// A ref that can stand in a line of ours, and that Git takes.
bool is_good_name(const char* name) {
  constexpr std::size_t kNameMax = 1'024;
  int valid = 0;
  return std::string_view(name).size() <= kNameMax && git_reference_name_is_valid(&valid, name) == 0 &&
         valid == 1;
}

std::string guessed_head(const MirrorRefs& refs, const std::string& id) {
  for (const char* name : {"main", "master"}) {
    const auto found = refs.branches.find(name);
    if (found != refs.branches.end() && found->second.str() == id) return name;
  }
  for (const auto& [name, commit] : refs.branches) {
    if (commit.str() == id) return name;
  }
  return {};
}

Result<RemoteRefs> list_refs(git_remote* remote, const Session& session) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  if (const int status = git_remote_ls(&heads, &count, remote); status < 0)
    return fail(session.error(status));
  std::string text;
  std::string head_id;
  RemoteRefs out;
  for (std::size_t i = 0; i < count; ++i) {
    const git_remote_head& head = *heads[i];
    const std::string_view name(head.name);
    if (name == "HEAD") {
      head_id = to_text(head.oid);
      if (head.symref_target != nullptr && is_good_name(head.symref_target))
        out.head = decode_head("ref: " + std::string(head.symref_target));
    }
    const bool ours = name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
    if (ours && is_good_name(head.name)) text.append(to_text(head.oid)).append(" ").append(name).append("\n");
  }
  HF_TRY(out.refs, decode_refs(text));
  if (out.head.empty()) out.head = guessed_head(out.refs, head_id);
  return out;
}

Status check_present(git_repository* repository, const MirrorRefs& refs) {
  GitOdb odb;
  if (git_get(odb, [&](git_odb** out) { return git_repository_odb(out, repository); }) < 0) {
    return fail(git_failure(Code::kIo, "the fetched repository"));
  }
  for (const auto* list : {&refs.branches, &refs.tags}) {
    for (const auto& [name, id] : *list) {
      HF_TRY(const git_oid oid, to_oid(id));
      if (git_odb_exists(odb.get(), &oid) == 1) continue;
      return fail(Code::kCorrupt, "the server names " + in_quotes(name) + " and does not send it");
    }
  }
  return {};
}

Status set_ca_file(const std::string& path) {
  if (path.empty()) return {};
  if (git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, path.c_str(), nullptr) == 0) return {};
  return fail(git_failure(Code::kInvalid, "the CA file " + path));
}

Status download(git_remote* remote, Session& session) {
  std::array<char, 32> heads{"+refs/heads/*:refs/heads/*"};
  std::array<char, 32> tags{"+refs/tags/*:refs/tags/*"};
  std::array<char*, 2> specs{heads.data(), tags.data()};
  const git_strarray refspecs{specs.data(), specs.size()};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = session.callbacks();
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.proxy_opts.type = GIT_PROXY_AUTO;
  options.follow_redirects = session.redirects();
  const int status = git_remote_download(remote, &refspecs, &options);
  if (status < 0) return fail(session.error(status));
  return {};
}

Status connect(git_remote* remote, Session& session) {
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = session.callbacks();
  options.proxy_opts.type = GIT_PROXY_AUTO;
  options.follow_redirects = session.redirects();
  const int status = git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options);
  if (status < 0) return fail(session.error(status));
  return {};
}

}  // namespace

Status fetch_remote(const FetchJob& job) {
  HF_CHECK(start_libgit2());
  // A repository that file:// names was named by the hub's operator; whoever owns it may be somebody else.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  HF_CHECK(set_ca_file(job.repository.ca_file));
  HF_TRY(Session session, Session::make(job));
  HF_CHECK(session.show_known_hosts());

  GitRepository repository;
  if (git_get(repository,
              [&](git_repository** out) { return git_repository_open_bare(out, job.folder.c_str()); }) < 0) {
    return fail(git_failure(Code::kIo, "the folder to fetch into"));
  }
  GitRemote remote;
  if (git_get(remote, [&](git_remote** out) {
        return git_remote_create_anonymous(out, repository.get(), job.repository.url.c_str());
      }) < 0) {
    return fail(git_failure(Code::kInvalid, "the repository URL"));
  }
  HF_CHECK(connect(remote.get(), session));
  HF_TRY(const RemoteRefs listed, list_refs(remote.get(), session));
  HF_CHECK(download(remote.get(), session));
  HF_CHECK(check_present(repository.get(), listed.refs));
  HF_CHECK(base::write_file(job.folder + "/HEAD", encode_head(listed.head), 0600));
  return base::write_file(job.folder + "/" + std::string(kRemoteRefsFile), encode_refs(listed.refs), 0600);
}

}  // namespace holdfast::gitops
