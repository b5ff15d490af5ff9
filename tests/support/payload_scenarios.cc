#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "support/transport_scenarios.h"
#include "support/transport_steps.h"

namespace clopencl::transport {
namespace {

constexpr size_t kChunk = 65536;

// One end of a payload; lives until the transfer is done.
struct End {
  ByteBuffer bytes;
  bool done = false;
  bool ok = false;

  Done OnDone() {
    return [this](bool result) {
      EXPECT_FALSE(done) << "told twice";
      done = true;
      ok = result;
    };
  }
};

// What the ends of one scenario have under way. Payloads of a pair differ by tag; the tag of a payload and
// its sender make its contents.
class Ends {
 public:
  Ends(Transport& self, Mailbox& mailbox) : self_(self), mailbox_(mailbox) {}

  void Send(Rank to, Tag tag, size_t size, size_t chunk = kChunk) {
    End& end = *ends_.emplace_back(std::make_unique<End>(End{Pattern(Seed(self_.rank(), tag), size)}));
    self_.SendPayload(to, tag, end.bytes, chunk, end.OnDone());
    EXPECT_FALSE(end.done) << "done before Progress()";
  }

  void Receive(Rank from, Tag tag, size_t size, size_t chunk = kChunk) {
    End& end = *ends_.emplace_back(std::make_unique<End>(End{ByteBuffer(size)}));
    self_.ReceivePayload(from, tag, end.bytes, chunk, end.OnDone());
    EXPECT_FALSE(end.done) << "done before Progress()";
    received_.push_back({&end, Seed(from, tag)});
  }

  // Waits for all, checks all.
  void Finish() {
    Until(self_, mailbox_, "payloads", [this] {
      return std::all_of(ends_.begin(), ends_.end(), [](const auto& end) { return end->done; });
    });
    for (const auto& end : ends_) EXPECT_TRUE(end->ok);
    for (const auto& [end, seed] : received_) {
      EXPECT_TRUE(end->bytes == Pattern(seed, end->bytes.size()))
          << end->bytes.size() << " bytes arrived wrong";
    }
    received_.clear();
    ends_.clear();
  }

 private:
  static uint32_t Seed(Rank from, Tag tag) { return static_cast<uint32_t>(from) * 100000 + tag; }

  Transport& self_;
  Mailbox& mailbox_;
  std::vector<std::unique_ptr<End>> ends_;
  std::vector<std::pair<End*, uint32_t>> received_;
};

// From 0 to more than the pieces that are given to MPI at once.
constexpr size_t kSizes[] = {0,          1,          4096,       kChunk - 1,      kChunk,
                             kChunk + 1, 3 * kChunk, 5 * kChunk, 9 * kChunk + 17, 40 * kChunk + 1};

void PayloadsOfAllSizesBothWays(Transport& self, Mailbox& mailbox) {
  Ends ends(self, mailbox);
  ForEachPeer(self, [&](Rank peer) {
    Tag tag = kFirstPayloadTag;
    for (size_t size : kSizes) {
      // Tags of a pair must differ both ways.
      const Tag mine = tag + (self.rank() < peer ? 0 : 1), its = tag + (self.rank() < peer ? 1 : 0);
      ends.Send(peer, mine, size);
      ends.Receive(peer, its, size);
      tag += 2;
    }
  });
  ends.Finish();
  EXPECT_FALSE(self.HasPending());
}

void ReceivePostedFirst(Transport& self, Mailbox& mailbox) {
  Ends ends(self, mailbox);
  const size_t size = 12 * kChunk + 5;
  if (self.rank() == 0) {
    ForEachPeer(self, [&](Rank peer) {
      ends.Receive(peer, 100, size);
      Tell(self, peer);
    });
  } else if (self.rank() == 1) {
    Hear(self, mailbox, 0);
    ends.Send(0, 100, size);
  } else {
    Hear(self, mailbox, 0);
    ends.Send(0, 100, size);
  }
  ends.Finish();
}

void SendPostedFirst(Transport& self, Mailbox& mailbox) {
  Ends ends(self, mailbox);
  for (size_t size : {size_t{10}, size_t{5000}, 12 * kChunk + 5}) {
    if (self.rank() == 0) {
      ForEachPeer(self, [&](Rank peer) {
        ends.Send(peer, 100, size);
        Tell(self, peer);
      });
    } else {
      Hear(self, mailbox, 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      self.Progress(mailbox);
      ends.Receive(0, 100, size);
    }
    ends.Finish();
  }
}

// As an out-of-order queue answers its reads: neither end knows the order of the other.
void ManyAtOnceInDifferentOrders(Transport& self, Mailbox& mailbox) {
  constexpr size_t kCount = 300;
  Ends ends(self, mailbox);
  std::vector<Tag> tags(kCount);
  std::iota(tags.begin(), tags.end(), kFirstPayloadTag);
  std::mt19937 random(static_cast<unsigned>(self.rank()));
  ForEachPeer(self, [&](Rank peer) {
    std::shuffle(tags.begin(), tags.end(), random);
    for (Tag tag : tags) {
      const size_t size = size_t{tag} * 97;
      if ((tag % 2 == 0) == (self.rank() < peer)) {
        ends.Send(peer, tag, size, 4096);
      } else {
        ends.Receive(peer, tag, size, 4096);
      }
    }
  });
  ends.Finish();
}

// The end that is done first uses the tag again at once.
void TagsAreReused(Transport& self, Mailbox& mailbox) {
  Ends ends(self, mailbox);
  std::mt19937 random(7);  // The same sizes everywhere.
  for (int round = 0; round < 60; ++round) {
    const size_t size = 1 + random() % (13 * 4096);
    ForEachPeer(self, [&](Rank peer) {
      if (self.rank() < peer) {
        ends.Send(peer, 500, size, 4096);
      } else {
        ends.Receive(peer, 500, size, 4096);
      }
    });
    if (self.rank() % 2 == 0 || round % 7 == 0) ends.Finish();
  }
  ends.Finish();
}

void HighestAndLowestTag(Transport& self, Mailbox& mailbox) {
  Ends ends(self, mailbox);
  ForEachPeer(self, [&](Rank peer) {
    const bool lower = self.rank() < peer;
    ends.Send(peer, lower ? kFirstPayloadTag : kLastPayloadTag, 1000);
    ends.Receive(peer, lower ? kLastPayloadTag : kFirstPayloadTag, 1000);
  });
  ends.Finish();
}

// A chain in which each completion starts the next transfer.
void CompletionsMayStartTransfers(Transport& self, Mailbox& mailbox) {
  struct Chain {
    Transport& self;
    Rank peer;
    bool sends;
    ByteBuffer bytes = ByteBuffer(20000);
    int left = 200;

    void Next() {
      if (left-- == 0) return;
      const Done next = [this](bool ok) {
        EXPECT_TRUE(ok);
        Next();
      };
      if (sends) {
        self.SendPayload(peer, 40, bytes, 4096, next);
      } else {
        self.ReceivePayload(peer, 40, bytes, 4096, next);
      }
    }
  };
  std::vector<std::unique_ptr<Chain>> chains;
  ForEachPeer(self, [&](Rank peer) {
    chains.emplace_back(new Chain{self, peer, self.rank() < peer})->Next();
  });
  Until(self, mailbox, "the chains", [&] {
    return std::all_of(chains.begin(), chains.end(), [](const auto& chain) { return chain->left < 0; });
  });
}

void PacketsGoOnBesideAPayload(Transport& self, Mailbox& mailbox) {
  Ends ends(self, mailbox);
  ForEachPeer(self, [&](Rank peer) {
    const bool lower = self.rank() < peer;
    ends.Send(peer, lower ? 21 : 22, 100 * kChunk);
    ends.Receive(peer, lower ? 22 : 21, 100 * kChunk);
  });
  for (uint32_t round = 0; round < 50; ++round) {
    ForEachPeer(self,
                [&](Rank peer) { self.SendPacket(peer, Pattern(round, round % 10 == 9 ? 200000 : 100)); });
    ForEachPeer(self, [&](Rank peer) {
      ASSERT_EQ(NextPacket(self, mailbox, peer), Pattern(round, round % 10 == 9 ? 200000 : 100));
    });
  }
  ends.Finish();
}

void BadTagFails(Transport& self, Mailbox& mailbox) {
  ByteBuffer bytes(10);
  for (Tag tag : {kFirstPayloadTag - 1, kLastPayloadTag + 1}) {
    End send, receive;
    self.SendPayload(self.rank() == 0 ? 1 : 0, tag, bytes, kChunk, send.OnDone());
    self.ReceivePayload(self.rank() == 0 ? 1 : 0, tag, bytes, kChunk, receive.OnDone());
    Until(self, mailbox, "the refusal", [&] { return send.done && receive.done; });
    EXPECT_FALSE(send.ok);
    EXPECT_FALSE(receive.ok);
  }
}

}  // namespace

const std::vector<Scenario>& PayloadScenarios() {
  static const std::vector<Scenario> scenarios = {
      {"PayloadsOfAllSizesBothWays", PayloadsOfAllSizesBothWays},
      {"ReceivePostedFirst", ReceivePostedFirst},
      {"SendPostedFirst", SendPostedFirst},
      {"ManyAtOnceInDifferentOrders", ManyAtOnceInDifferentOrders},
      {"TagsAreReused", TagsAreReused},
      {"HighestAndLowestTag", HighestAndLowestTag},
      {"CompletionsMayStartTransfers", CompletionsMayStartTransfers},
      {"PacketsGoOnBesideAPayload", PacketsGoOnBesideAPayload},
      {"BadTagFails", BadTagFails},
  };
  return scenarios;
}

}  // namespace clopencl::transport
