#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lyceum {

using Labels = std::map<std::string, std::string>;

/// Counters, gauges and histograms in Prometheus text format (prometheus-cpp underneath). Thread-safe.
/// Names carry their unit: `lyceum_events_appended_total`, `lyceum_append_seconds`.
class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  void add(const std::string& counter, const std::string& help, double amount = 1, const Labels& labels = {});
  void set(const std::string& gauge, const std::string& help, double value, const Labels& labels = {});
  /// `bounds` are the histogram's bucket limits; the first call for a name decides them.
  void observe(const std::string& histogram, const std::string& help, const std::vector<double>& bounds,
               double value, const Labels& labels = {});

  /// The exposition text of every metric.
  std::string scrape() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum
