// SPDX-License-Identifier: Apache-2.0
// HubProgram: `holdfast-hub serve`. Puts the real seams under the controller, drives it from one event loop,
// supervises the embedded broker and serves the API.
// Threads: the loop's; the API has its own (see api/api_server.hpp).
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/file_io.hpp"
#include "base/linux_host.hpp"
#include "base/result.hpp"
#include "base/system_clock.hpp"
#include "base/system_random.hpp"
#include "gitops/git/mirror.hpp"
#include "hub/api/api_server.hpp"
#include "hub/broker.hpp"
#include "hub/certificate_book.hpp"
#include "hub/controller.hpp"
#include "hub/data_folder.hpp"
#include "hub/enrolment.hpp"
#include "hub/front_door.hpp"
#include "hub/hub_options.hpp"
#include "hub/objects.hpp"
#include "hub/pki.hpp"
#include "hub/readmission.hpp"
#include "hub/recovery.hpp"
#include "hub/renewal.hpp"
#include "hub/revocation.hpp"
#include "hub/seal_process.hpp"
#include "hub/store_watch.hpp"
#include "hub/takeover.hpp"
#include "sync/link/mosquitto_link.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::hub {

class HubProgram {
 public:
  static base::Result<std::unique_ptr<HubProgram>> create(const HubOptions& options);
  ~HubProgram();
  /// Until SIGTERM or SIGINT.
  base::Status run();

 private:
  HubProgram(HubOptions options, base::DirectoryLock lock);
  base::Status open();
  std::string readiness();
  base::Status check_ports() const;
  base::Status open_broker();
  base::Status open_controller();
  base::Status open_api();
  base::Status open_door(ApiParts parts);
  BrokerOptions broker_options() const;
  std::string broker_ip() const;
  std::vector<std::string> broker_urls() const;
  void work();
  void work_soon();
  void look_at_certificates();
  std::string api_url() const;

  HubOptions options_;
  base::DirectoryLock lock_;
  DataFolder folder_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<base::EventLoop> loop_;
  std::optional<Pki> pki_;
  Recovered recovered_;
  std::unique_ptr<sync::LmdbStore> file_;
  std::unique_ptr<StoreWatch> store_;  ///< through which all that follows writes to it
  std::unique_ptr<Objects> objects_;
  std::unique_ptr<Readmission> readmission_;
  std::unique_ptr<CertificateBook> certificates_;
  std::unique_ptr<base::LinuxHost> host_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<Takeover> takeover_;
  std::unique_ptr<Revocation> revocation_;
  std::unique_ptr<sync::MosquittoLink> link_;
  std::unique_ptr<gitops::GitMirror> mirror_;
  base::SealingPublicKey sealing_key_;
  std::unique_ptr<SealProcess> sealer_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<Enrolment> enrolment_;
  std::unique_ptr<Renewal> renewal_;
  std::unique_ptr<Rest> rest_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Authentication> authentication_;
  std::unique_ptr<FrontDoor> door_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<base::EventLoop::Timer> timer_;
  std::unique_ptr<base::EventLoop::Timer> certificates_timer_;
  std::atomic<bool> work_posted_ = false;
};

}  // namespace holdfast::hub
