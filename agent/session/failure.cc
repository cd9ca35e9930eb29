#include "agent/session/failure.h"

namespace drover::agent {
namespace {

bool Has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// gRPC gives every fault of TCP and TLS the same code; only its text tells them apart.
std::string ExplainUnavailable(const std::string& text, const std::string& address) {
  const std::string where = "the controller at " + address;
  if (Has(text, kConnectionLost)) return "lost the connection to " + where;
  if (Has(text, "CERTIFICATE_VERIFY_FAILED") || Has(text, "certificate verify failed") ||
      Has(text, "Hostname Verification") || Has(text, "Peer name")) {
    return where +
           " shows a certificate of another authority: it is not the controller this host was "
           "enrolled to, or it was set up anew. If that is so, make a token there (drover token "
           "create) and run drover-agent join --force on this host";
  }
  if (Has(text, "Connection refused")) {
    return "nothing listens at " + address + ": is drover-controller running there?";
  }
  if (Has(text, "DNS resolution") || Has(text, "Domain name not found")) {
    return "the name in " + address + " does not resolve: check this host's DNS";
  }
  if (Has(text, "Socket closed") || Has(text, "handshak") || Has(text, "Handshake") ||
      Has(text, "Connection reset")) {
    return where +
           " closed the connection. Where this goes on, suspect TLS: this host's certificate may "
           "have ended or be of another authority (see drover-agent status), or the clocks differ";
  }
  return where + " is not reachable";
}

}  // namespace

Failure ExplainFailure(const Status& status, const std::string& address) {
  const std::string text = Message(status);
  const std::string said = text.empty() ? "" : " (" + text + ")";
  switch (status.code()) {
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
      return {"the controller at " + address + " refuses this host" + said +
                  ": its certificate is revoked or is not an agent's. Look at drover host ls; to "
                  "admit the host again, make a token (drover token create) and run drover-agent "
                  "join --force here",
              true};
    case StatusCode::kUnimplemented:
      return {"what answers at " + address +
                  " is not a Drover controller's port for agents; its default is 7441" + said,
              true};
    case StatusCode::kUnavailable:
      return {ExplainUnavailable(text, address) + said, false};
    case StatusCode::kOk:
      return {"the controller at " + address + " ended the connection", false};
    default:
      return {"the connection to the controller at " + address + " failed: " + status.ToString(),
              false};
  }
}

}  // namespace drover::agent
