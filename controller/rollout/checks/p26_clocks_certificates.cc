#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

constexpr Millis kSkew{5'000};
constexpr Millis kDay{24LL * 60 * 60 * 1000};
constexpr Millis kSoon = 30 * kDay;

struct Seen {
  std::vector<std::string> ended, soon;
};

// Not after a rollout could still run: a node cannot join with a certificate that has ended.
void AddCertificate(const std::string& whose, const std::optional<Time>& ends, Time now,
                    Seen* seen) {
  if (!ends) return;
  const Millis left = *ends - now;
  const std::string text = whose + " ends " + FormatTime(*ends);
  if (left < kDay) {
    seen->ended.push_back(text);
  } else if (left < kSoon) {
    seen->soon.push_back(text);
  }
}

Finding Run(const CheckInput& in) {
  Seen seen;
  bool secured = false;
  for (const EndpointView& endpoint : in.world.cluster.endpoints) {
    if (!endpoint.url.starts_with("https:") || !endpoint.error.empty()) continue;
    secured = true;
    AddCertificate("the certificate of " + endpoint.url, endpoint.certificate_ends, in.world.at,
                   &seen);
    if (!endpoint.certificate_ends) {
      seen.soon.push_back("when the certificate of " + endpoint.url + " ends is not known");
    }
  }
  const auto& certificates = in.world.inspection.certificates;
  if (certificates) {
    for (const NodeCertificateView& certificate : *certificates) {
      AddCertificate("the " + certificate.layer + " certificate of " + certificate.node,
                     certificate.ends, in.world.at, &seen);
    }
  }
  AddCertificate(in.spec.tls.client_certificate, in.world.client_certificate_ends, in.world.at,
                 &seen);
  for (const Match& match : in.matches) {
    if (match.host == nullptr || !match.host->connected) continue;
    const Millis offset = match.host->clock_offset;
    if (offset <= kSkew && offset >= -kSkew) continue;
    seen.soon.push_back("the clock of " + match.host->name + " is " +
                        FormatDuration(offset < Millis(0) ? -offset : offset) +
                        (offset < Millis(0) ? " behind" : " ahead"));
  }
  if (!seen.ended.empty()) {
    return Block(Join(seen.ended) + ": within a day",
                 "replace the certificate first: a node that restarts with it cannot join");
  }
  if (!seen.soon.empty()) {
    return Warn(Join(seen.soon), "set the clock by NTP; replace certificates that end soon");
  }
  if (certificates) return Pass("clocks agree, all certificates of the nodes are good for 30 days");
  return Pass(secured ? "clocks agree, certificates of the endpoints are good for 30 days; those "
                        "between the nodes (transport) show with the admin certificate only"
                      : "clocks agree; the endpoints show no certificate");
}

}  // namespace

Check P26() {
  return {.id = "P26",
          .title = "clocks agree, certificates last",
          .asks =
              "the clock of each host, the certificates that the endpoints show, the client "
              "certificate; with an admin certificate GET _plugins/_security/api/certificates",
          .needs_cluster = false,
          .run = &Run};
}

}  // namespace drover::rollout
