#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace lyceum {

// Registering a family or a child twice returns the existing one, so no cache of our own is needed.
struct Metrics::Impl {
  prometheus::Registry registry;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}

Metrics::~Metrics() = default;

void Metrics::add(const std::string& counter, const std::string& help, double amount, const Labels& labels) {
  prometheus::BuildCounter().Name(counter).Help(help).Register(impl_->registry).Add(labels).Increment(amount);
}

void Metrics::set(const std::string& gauge, const std::string& help, double value, const Labels& labels) {
  prometheus::BuildGauge().Name(gauge).Help(help).Register(impl_->registry).Add(labels).Set(value);
}

void Metrics::observe(const std::string& histogram, const std::string& help,
                      const std::vector<double>& bounds, double value, const Labels& labels) {
  prometheus::BuildHistogram()
      .Name(histogram)
      .Help(help)
      .Register(impl_->registry)
      .Add(labels, bounds)
      .Observe(value);
}

std::string Metrics::scrape() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace lyceum
