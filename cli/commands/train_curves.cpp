#include "cli/commands/train_curves.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <vector>

#include "base/json_lines.hpp"
#include "cli/commands/command_context.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kBarCells = 24;

struct Point {
  std::uint64_t tokens = 0;
  double loss = 0;
  std::vector<std::vector<double>> shares{};  ///< By layer and expert, 1 being the fair one.
};

struct Range {
  double least = 0;
  double most = 0;
};

Result<std::vector<Point>> read_points(const std::string& run) {
  std::vector<Point> points;
  TRY_OK(read_json_lines_blocking(run + "/metrics.jsonl", [&](const Json& row) {
    if (!row.contains("expert_shares")) return true;  // A validation.
    Point point{.tokens = row.at("tokens").get<std::uint64_t>(), .loss = row.at("loss").get<double>()};
    for (const Json& layer : row.at("expert_shares")) {
      auto& shares = point.shares.emplace_back(layer.get<std::vector<double>>());
      double total = 0;
      for (const double share : shares) total += share;
      for (double& share : shares) share *= static_cast<double>(shares.size()) / std::max(total, 1e-12);
    }
    points.push_back(std::move(point));
    return true;
  }));
  if (points.empty()) return Error{Errc::not_found, run + "/metrics.jsonl: no steps yet"};
  return points;
}

/// One point for those from `begin` to `end`: their mean, at the tokens of the last.
Point mean_of(const std::vector<Point>& points, std::size_t begin, std::size_t end) {
  Point mean = points[end - 1];
  for (std::size_t i = begin; i + 1 < end; ++i) {
    mean.loss += points[i].loss;
    for (std::size_t layer = 0; layer < mean.shares.size(); ++layer) {
      for (std::size_t expert = 0; expert < mean.shares[layer].size(); ++expert)
        mean.shares[layer][expert] += points[i].shares.at(layer).at(expert);
    }
  }
  const auto count = static_cast<double>(end - begin);
  mean.loss /= count;
  for (auto& layer : mean.shares) {
    for (double& share : layer) share /= count;
  }
  return mean;
}

std::vector<Point> thinned(const std::vector<Point>& points, std::size_t rows) {
  std::vector<Point> means;
  const std::size_t count = std::min(std::max<std::size_t>(rows, 1), points.size());
  for (std::size_t row = 0; row < count; ++row)
    means.push_back(mean_of(points, row * points.size() / count, (row + 1) * points.size() / count));
  return means;
}

Range range_of(const std::vector<double>& shares) {
  const auto [least, most] = std::ranges::minmax(shares);
  return {least, most};
}

Json to_json(const std::vector<Point>& points) {
  Json rows = Json::array();
  for (const Point& point : points) {
    Json layers = Json::array();
    for (const auto& shares : point.shares) {
      const Range range = range_of(shares);
      layers.push_back({{"least", range.least}, {"most", range.most}});
    }
    rows.push_back({{"tokens", point.tokens}, {"loss", point.loss}, {"layers", std::move(layers)}});
  }
  return {{"rows", std::move(rows)}};
}

std::string to_table(const std::vector<Point>& points) {
  double highest = 0;
  for (const Point& point : points) highest = std::max(highest, point.loss);
  std::ostringstream out;
  out << std::fixed << "tokens, M      loss" << std::string(kBarCells + 2, ' ')
      << "least and most used expert by layer, 1 is fair\n";
  for (const Point& point : points) {
    const auto cells = static_cast<std::size_t>(point.loss / highest * static_cast<double>(kBarCells));
    out << std::setw(9) << std::setprecision(2) << static_cast<double>(point.tokens) / 1e6 << std::setw(10)
        << std::setprecision(3) << point.loss << "  ";
    for (std::size_t cell = 0; cell < kBarCells; ++cell) out << (cell < cells ? "▇" : " ");
    for (const auto& shares : point.shares) {
      const Range range = range_of(shares);
      out << std::setw(6) << std::setprecision(2) << range.least << "-" << range.most;
    }
    out << "\n";
  }
  return out.str();
}

}  // namespace

int train_curves(const TrainCurvesOptions& options, bool is_json) {
  const auto points = read_points(options.run);
  if (!points) return report(points.error());
  const std::vector<Point> rows = thinned(*points, options.rows);
  if (is_json) {
    print_json(to_json(rows));
  } else {
    std::cout << to_table(rows);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
