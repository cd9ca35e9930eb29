#include "tests/simulation/sim_rest.h"

#include <utility>

namespace drover::simulation {
namespace {

constexpr Millis kClientTimeout{5'000};

}  // namespace

void SimRest::Send(Call call, Reply reply) {
  if (calls_fail && random_.Chance(70)) {
    schedule_.After(random_.Between(1, 1'500),
                    [call, reply] { reply(call.failed("connection refused")); });
    return;
  }
  if (calls_late && random_.Chance(50)) {
    schedule_.After(kClientTimeout, [call, reply] { reply(call.failed("timed out")); });
    schedule_.After(kClientTimeout + random_.Between(1, 20'000),
                    [this, call] { Arrive(call, [](const rollout::EventBody&) {}); });
    return;
  }
  schedule_.After(
      Latency(), [this, call = std::move(call), reply = std::move(reply)] { Arrive(call, reply); });
}

void SimRest::Arrive(const Call& call, const Reply& reply) {
  if (call.needs_manager && !cluster_.HasManager()) {
    schedule_.After(Millis(1'000), [call, reply] {
      reply(call.failed("cluster_manager_not_discovered_exception"));
    });
    return;
  }
  if (call.puts_settings && settings_refused && random_.Chance(80)) {
    schedule_.After(Latency(), [call, reply] {
      reply(call.failed("illegal_argument_exception: archived.plugins.x"));
    });
    return;
  }
  if (call.puts_settings && !cluster_.archived.empty()) {
    schedule_.After(Latency(), [call, reply, name = *cluster_.archived.begin()] {
      reply(call.failed("illegal_argument_exception: unknown setting [" + name + "]"));
    });
    return;
  }
  const bool lost = replies_lost && random_.Chance(60);
  call.execute([this, lost, call, reply](const rollout::EventBody& body) {
    if (lost) {
      schedule_.After(kClientTimeout, [call, reply] { reply(call.failed("timed out")); });
    } else {
      schedule_.After(Latency(), [reply, body] { reply(body); });
    }
  });
}

}  // namespace drover::simulation
