#include "bench/metrics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace clopencl::bench {
namespace {

const std::vector<double> kOneToEleven = {11, 1, 10, 2, 9, 3, 8, 4, 7, 5, 6};

TEST(MetricsTest, SummarizesTimes) {
  const Summary summary = Summarize(kOneToEleven, kMicroseconds);
  EXPECT_DOUBLE_EQ(summary.median, 6);
  EXPECT_DOUBLE_EQ(summary.min, 1);
  EXPECT_DOUBLE_EQ(summary.max, 11);
  EXPECT_DOUBLE_EQ(summary.p90, 10);
}

TEST(MetricsTest, TheNinetiethPercentileOfRatesIsLow) {
  EXPECT_DOUBLE_EQ(Summarize(kOneToEleven, kPerSecond).p90, 2);
}

TEST(MetricsTest, QuantilesFallBetweenSamples) {
  EXPECT_DOUBLE_EQ(Summarize({1, 2}, kMicroseconds).median, 1.5);
  EXPECT_DOUBLE_EQ(Summarize({3}, kMicroseconds).p90, 3);
}

TEST(MetricsTest, RoundsAddUpAndKeepTheirMedians) {
  Metrics metrics;
  metrics.Add("z", kMicroseconds, {1, 2, 3});
  metrics.Add("a", kPerSecond, {5});
  metrics.Add("z", kMicroseconds, {10, 20, 30});
  metrics.Skip("b", "no reason");
  const auto json = metrics.ToJson();
  EXPECT_EQ(json["results"].begin().key(), "z");
  EXPECT_EQ(json["results"]["z"]["samples"], 6);
  EXPECT_EQ(json["results"]["z"]["rounds"], (std::vector<double>{2, 20}));
  EXPECT_EQ(json["results"]["z"]["median"], 6.5);
  EXPECT_EQ(json["results"]["a"]["less_is_better"], false);
  EXPECT_EQ(json["skipped"]["b"], "no reason");
  EXPECT_FALSE(metrics.any_failed());
}

TEST(MetricsTest, AFailureIsTold) {
  Metrics metrics;
  metrics.Fail("small", "CL_OUT_OF_RESOURCES");
  EXPECT_TRUE(metrics.any_failed());
  EXPECT_NE(metrics.Format().find("small: FAILED, CL_OUT_OF_RESOURCES"), std::string::npos);
}

}  // namespace
}  // namespace clopencl::bench
