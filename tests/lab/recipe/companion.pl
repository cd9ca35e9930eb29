#!/usr/bin/perl
# A stand-in for OpenSearch Dashboards: `serve` answers /api/status, `check` asks that. As Dashboards it serves only with nodes
# of its own major version whose minor is not below its own.
use strict;
use warnings;
use IO::Socket::INET;

my $port = $ENV{COMPANION_PORT} // 5601;

# The whole answer; empty where there is none in time.
sub ask {
  my ($host, $at, $path, $seconds) = @_;
  my $answer = "";
  eval {
    local $SIG{ALRM} = sub { die "late\n" };
    alarm $seconds;
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $at) or die "nobody listens\n";
    print $socket "GET $path HTTP/1.0\r\nHost: $host\r\n\r\n";
    local $/;
    $answer = <$socket> // "";
  };
  alarm 0;
  return $answer;
}

# Why it does not serve; empty where it does.
sub problem {
  return "made to fail" if $ENV{COMPANION_FAULT};
  my ($major, $minor) = split /\./, $ENV{COMPANION_VERSION};
  for my $node (split /,/, $ENV{OPENSEARCH_HOSTS}) {
    my ($host, $at) = $node =~ m{^http://([^:/]+):(\d+)$} or next;
    my @versions = ask($host, $at, "/_nodes/http?filter_path=nodes.*.version", 1) =~ /"version"\s*:\s*"(\d+\.\d+)/g;
    next unless @versions;
    for my $version (@versions) {
      my ($own_major, $own_minor) = split /\./, $version;
      return "a node runs $version" if $own_major != $major || $own_minor < $minor;
    }
    return "";
  }
  return "no node answers";
}

sub serve {
  $| = 1;
  $SIG{TERM} = sub { print "told to stop\n"; exit 0 };
  $SIG{PIPE} = "IGNORE";
  my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 16, ReuseAddr => 1) or die "port $port: $!\n";
  print "companion $ENV{COMPANION_VERSION} listens on $port\n";
  my $said = "-";
  while (1) {
    my $client = $server->accept() or next;
    while (defined(my $line = <$client>)) { last if $line =~ /^\r?$/ }
    my $problem = problem();
    print(($problem || "serves") . "\n") if $problem ne $said;
    $said = $problem;
    my $body = $problem || "ok";
    my $status = $problem ? "503 Service Unavailable" : "200 OK";
    print $client "HTTP/1.0 $status\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    close $client;
  }
}

if (($ARGV[0] // "") eq "check") { exit(ask("127.0.0.1", $port, "/api/status", 4) =~ m{^HTTP/1\.\d 200} ? 0 : 1) }
serve();
