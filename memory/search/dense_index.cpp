#include "memory/search/dense_index.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <hnswlib/hnswlib.h>

#include "base/check.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kGraphNeighbours = 16;
constexpr std::size_t kGraphBuildWidth = 200;
constexpr std::size_t kGraphSearchWidth = 256;

/// Sums in eight lanes, which the compiler makes one vector register: a single chain of additions may not be
/// reordered.
float dot(const float* a, const float* b, std::size_t size) {
  std::array<float, 8> lanes{};
  std::size_t i = 0;
  for (; i + lanes.size() <= size; i += lanes.size()) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  for (; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

struct DenseIndex::Scan {
  std::vector<float> vectors;  // One after the other.
  std::vector<ChunkNumber> chunks;
  std::unordered_map<ChunkNumber, std::size_t> rows;
};

struct DenseIndex::Graph {
  explicit Graph(std::size_t num_dimensions, std::size_t capacity)
      : space(num_dimensions), index(&space, capacity, kGraphNeighbours, kGraphBuildWidth) {
    index.setEf(kGraphSearchWidth);
  }

  void add(ChunkNumber chunk, const float* vector) {
    if (index.cur_element_count == index.max_elements_) index.resizeIndex(index.max_elements_ * 2);
    index.addPoint(vector, chunk);
    ++num_live;
  }

  hnswlib::InnerProductSpace space;
  hnswlib::HierarchicalNSW<float> index;
  std::size_t num_live = 0;
};

DenseIndex::DenseIndex(std::size_t num_dimensions)
    : num_dimensions_(num_dimensions), scan_(std::make_unique<Scan>()) {}

DenseIndex::DenseIndex(DenseIndex&&) noexcept = default;
DenseIndex& DenseIndex::operator=(DenseIndex&&) noexcept = default;
DenseIndex::~DenseIndex() = default;

std::size_t DenseIndex::size() const {
  return graph_ ? graph_->num_live : scan_->chunks.size();
}

void DenseIndex::add(ChunkNumber chunk, std::span<const float> vector) {
  LYCEUM_CHECK(vector.size() == num_dimensions_);
  if (graph_) return graph_->add(chunk, vector.data());
  scan_->rows[chunk] = scan_->chunks.size();
  scan_->chunks.push_back(chunk);
  scan_->vectors.insert(scan_->vectors.end(), vector.begin(), vector.end());
  if (scan_->chunks.size() > kMaxScannedVectors) build_graph();
}

void DenseIndex::build_graph() {
  graph_ = std::make_unique<Graph>(num_dimensions_, scan_->chunks.size() * 2);
  for (std::size_t row = 0; row < scan_->chunks.size(); ++row) {
    graph_->add(scan_->chunks[row], scan_->vectors.data() + row * num_dimensions_);
  }
  scan_ = std::make_unique<Scan>();
}

void DenseIndex::remove(ChunkNumber chunk) {
  if (graph_) {
    graph_->index.markDelete(chunk);
    --graph_->num_live;
    return;
  }
  const auto found = scan_->rows.find(chunk);
  LYCEUM_CHECK(found != scan_->rows.end());
  const std::size_t row = found->second;
  const std::size_t last = scan_->chunks.size() - 1;
  const auto at = [&](std::size_t index) {
    return scan_->vectors.begin() + static_cast<std::ptrdiff_t>(index * num_dimensions_);
  };
  std::copy(at(last), at(last + 1), at(row));
  scan_->chunks[row] = scan_->chunks[last];
  scan_->rows[scan_->chunks[row]] = row;
  scan_->rows.erase(chunk);
  scan_->chunks.pop_back();
  scan_->vectors.resize(last * num_dimensions_);
}

std::vector<Scored> DenseIndex::nearest(std::span<const float> query, std::size_t limit) const {
  LYCEUM_CHECK(query.size() == num_dimensions_);
  TopChunks top(limit);
  if (graph_) {
    auto found = graph_->index.searchKnn(query.data(), limit);
    for (; !found.empty(); found.pop()) {
      top.add({static_cast<ChunkNumber>(found.top().second), 1.0 - static_cast<double>(found.top().first)});
    }
  } else {
    for (std::size_t row = 0; row < scan_->chunks.size(); ++row) {
      const float cosine = dot(scan_->vectors.data() + row * num_dimensions_, query.data(), num_dimensions_);
      top.add({scan_->chunks[row], static_cast<double>(cosine)});
    }
  }
  return std::move(top).finish();
}

}  // namespace lyceum::memory
