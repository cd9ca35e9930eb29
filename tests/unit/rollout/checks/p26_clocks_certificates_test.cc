#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::RunOne;

constexpr Millis kHour{60LL * 60 * 1000};

World Https() {
  World world = HealthyWorld();
  for (EndpointView& endpoint : world.cluster.endpoints) {
    endpoint.url.replace(0, 4, "https");
    endpoint.certificate_ends = world.at + 24 * 365 * kHour;
  }
  return world;
}

TEST(P26Test, CertificatesOfTheNodes) {
  World world = Https();
  ExpectPasses(RunOne("P26", world), "30 days");
  world.cluster.endpoints[1].certificate_ends = world.at + 24 * 10 * kHour;
  ExpectWarns(RunOne("P26", world), "https://192.0.2.2:9200 ends");
  world.cluster.endpoints[1].certificate_ends = world.at + 3 * kHour;
  ExpectBlocks(RunOne("P26", world), "https://192.0.2.2:9200 ends");
  world.cluster.endpoints[1].certificate_ends.reset();
  ExpectWarns(RunOne("P26", world), "is not known");
}

TEST(P26Test, CertificatesBetweenTheNodes) {
  World world = Https();
  ExpectPasses(RunOne("P26", world), "with the admin certificate only");
  auto& certificates = world.inspection.certificates.emplace();
  certificates = {{"os-1", "http", world.at + 24 * 365 * kHour},
                  {"os-2", "transport", world.at + 24 * 365 * kHour}};
  ExpectPasses(RunOne("P26", world), "all certificates of the nodes");
  certificates[1].ends = world.at + 3 * kHour;
  ExpectBlocks(RunOne("P26", world), "the transport certificate of os-2 ends");
}

TEST(P26Test, TheClientCertificate) {
  World world = Https();
  ClusterSpec spec = HealthySpec();
  spec.tls.client_certificate = "/etc/drover/admin.pem";
  world.client_certificate_ends = world.at - kHour;
  ExpectBlocks(RunOne("P26", world, spec), "/etc/drover/admin.pem ends");
}

TEST(P26Test, ClocksThatDiffer) {
  World world = HealthyWorld();
  world.hosts[2].clock_offset = Millis(-9'000);
  ExpectWarns(RunOne("P26", world), "the clock of h3");
  world.hosts[2].clock_offset = Millis(4'000);
  ExpectPasses(RunOne("P26", world), "clocks agree");
}

}  // namespace
}  // namespace drover::rollout
