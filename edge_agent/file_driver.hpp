// SPDX-License-Identifier: Apache-2.0
// FileDriver: kind File. Looking costs one stat as long as the stamp (inode, size, ctime) is the one last
// seen; the content is hashed again when it changed, when an event told of the path, and once within kRehashInterval
// all the same. A stamp is believed only when it was old already as it was read: file systems keep time in ticks, and a
// change within the tick of another leaves no trace in it.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/marks.hpp"
#include "edge_agent/secret_opener.hpp"

namespace holdfast::edge_agent {

struct FileEffective final : Effective {
  FileEffective() = default;
  FileEffective(const FileEffective&) = delete;
  FileEffective& operator=(const FileEffective&) = delete;
  ~FileEffective() override { shed(); }
  void shed() override {
    if (is_secret && content) base::wipe(*content);
    content.reset();
  }
  std::string path;
  std::optional<std::string> content;
  bool is_secret = false;
  std::optional<base::Error> unreadable;  ///< why its secret cannot be opened: it stays as it is until it can
  base::Digest content_digest;            ///< in memory alone, where it is of a secret
  std::uint64_t size = 0;
  std::uint32_t mode = 0644;
  std::optional<std::string> owner;  ///< none: the agent's when it writes the file, and not compared
  std::optional<std::string> group;
};

class FileDriver final : public Driver {
 public:
  FileDriver(base::Host& host, base::Clock& clock, const Marks& marks, const SecretOpener& secrets)
      : host_(host), clock_(clock), marks_(marks), secrets_(secrets) {}

  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& event) override;

 private:
  enum class Mark {
    kUnknown,
    kOurs,
    kOursWasThere,  ///< the same, of what was there before
    kForeign,
    kUnsupported,
    kUnreadable,  ///< the file's mode shuts this agent out
  };
  /// What is known of the bytes behind a stamp.
  struct Seen {
    base::FileStamp stamp;
    bool is_young = true;  ///< another change may hide behind the same stamp: good for one look only
    std::optional<base::Digest> content;
    base::MonotonicTime hashed_at{};
    Mark mark = Mark::kUnknown;
  };
  struct Ids {
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
  };

  base::Status fill_content(const sync::FileSpec& spec, const std::string& ns, References& references,
                            FileEffective& file) const;
  base::Digest effective_digest(const FileEffective& file, const std::string& content) const;
  Seen& seen_at(const std::string& path, const base::FileStamp& stamp);
  base::Result<base::Digest> content_of(const std::string& path, Seen& seen);
  base::Result<Mark> mark_of(const sync::Claim& claim, Seen& seen);
  bool is_young(const base::FileStamp& stamp) const;
  base::Result<std::string> difference(const FileEffective& wanted, const base::FileInfo& info,
                                       const sync::InventoryEntry* entry, Seen& seen);
  base::Result<std::string> attributes_difference(const FileEffective& wanted, const base::FileInfo& info);
  base::Result<Observed> observe_to_remove(const sync::InventoryEntry& entry);
  base::Result<Ids> ids_of(const FileEffective& wanted);
  base::Result<std::uint32_t> user_id(const std::string& user);
  base::Result<std::uint32_t> group_id(const std::string& group);
  /// Whose mark goes onto a file.
  struct Place {
    const sync::Claim& claim;
    Marks::Origin origin = Marks::Origin::kMade;
  };
  base::Status make_so(const FileEffective& wanted, const Place& place);
  base::Status write(const FileEffective& wanted, const Place& place, const Ids& ids);
  base::Status mark(const FileEffective& wanted, const Place& place);

  base::Host& host_;
  base::Clock& clock_;
  const Marks& marks_;
  const SecretOpener& secrets_;
  std::set<std::string> watched_;
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::uint32_t> users_;
  std::map<std::string, std::uint32_t> groups_;
};

}  // namespace holdfast::edge_agent
