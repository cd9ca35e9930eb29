#include "controller/api/rehearsal_host.h"

#include <utility>

#include "controller/api/await.h"

namespace drover::api {
namespace {

// Above what any answer may take.
constexpr Millis kLongest{120'000};

}  // namespace

StatusOr<fleet::RehearsalView> RehearsalHost::Start(const fleet::RehearsalOrder& order) {
  return Await<fleet::RehearsalView>(
      kLongest, [&](auto done) { hosts_.StartRehearsal(host_, id_, order, std::move(done)); });
}

StatusOr<fleet::RehearsalView> RehearsalHost::Look() {
  return Await<fleet::RehearsalView>(
      kLongest, [&](auto done) { hosts_.LookAtRehearsal(host_, id_, std::move(done)); });
}

Status RehearsalHost::End(bool keep) {
  return Await<fleet::RehearsalView>(
             kLongest, [&](auto done) { hosts_.EndRehearsal(host_, id_, keep, std::move(done)); })
      .status();
}

StatusOr<opensearch::WireAnswer> RehearsalHost::Send(const opensearch::WireRequest& request) {
  const fleet::NodeCall call{request.method, request.path, request.body, request.timeout};
  DROVER_ASSIGN_OR_RETURN(fleet::NodeAnswer answer,
                          Await<fleet::NodeAnswer>(kLongest, [&](auto done) {
                            hosts_.CallRehearsal(host_, id_, call, std::move(done));
                          }));
  return opensearch::WireAnswer{answer.status, std::move(answer.body)};
}

}  // namespace drover::api
