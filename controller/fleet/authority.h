// The fleet's certificate authority and the controller's own certificate.
#ifndef DROVER_CONTROLLER_FLEET_AUTHORITY_H_
#define DROVER_CONTROLLER_FLEET_AUTHORITY_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "common/rpc/channel.h"

namespace drover::fleet {

struct AuthorityOptions {
  // The controller's data folder; made (0700) where it is missing. In it: ca.key and
  // controller.key (0600), ca.pem, controller.pem.
  std::string folder;
  // Letters, digits and dashes. Empty: the one of an existing authority, else a random one.
  std::string fleet_name;
  // Names of the controller in its certificate beside rpc::kControllerName.
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // as inet_ntop writes them
};

struct IssuedCertificate {
  std::string chain;  // PEM: the leaf, then the CA
  std::string serial_hex;
  Time not_after{};
};

// The names of the files in the folder; what a backup must hold. Keys are among them.
std::vector<std::string> AuthorityFiles();

// Thread safe.
class Authority {
 public:
  // Makes what is missing in the folder, in an order that a crash cannot spoil. FAILED_PRECONDITION
  // where files contradict each other, ca.key is readable by others, or the fleet has another name:
  // an authority is never replaced by itself, as every enrolled agent trusts the old one.
  // `clock` must outlive the authority.
  static StatusOr<std::unique_ptr<Authority>> Open(const AuthorityOptions& options, Clock& clock);

  const std::string& fleet_name() const { return fleet_name_; }
  const std::string& certificate() const { return certificate_; }  // PEM
  // What join tokens carry.
  const std::string& digest() const { return digest_; }

  // A client certificate of rpc::kCertificateLife for the key in `request_pem`, with the URI
  // spiffe://<fleet>/agent/<id>. INVALID_ARGUMENT as crypto::SignRequest.
  StatusOr<IssuedCertificate> IssueAgent(const std::string& request_pem, const HostId& id,
                                         const std::string& host_name);

  // Makes the controller's certificate anew where a third of its life or less is left, or its names
  // are not those of the options any more. The key stays, so that the pair of files always fits.
  Status RenewServerCertificate();

  // For rpc::MakeServerCredentials: a renewed certificate is used without a restart.
  rpc::IdentityFiles server_files() const;

 private:
  Authority(const AuthorityOptions& options, Clock& clock);
  Status OpenAuthority();
  Status OpenServerKey();
  std::string Path(const std::string& name) const { return options_.folder + "/" + name; }

  const AuthorityOptions options_;
  Clock& clock_;
  // Set by Open alone.
  std::string fleet_name_, key_, certificate_, digest_, server_key_;
  Time ends_{};
  std::mutex renewal_mutex_;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_AUTHORITY_H_
