#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// What the operations of training mean, as plain loops over any floating-point type. In double they are the
/// measure of gradients: each backward agrees with differences of its forward. Backward functions add to the
/// gradients they are given. Rows are dense and row-major.
namespace lyceum::kernels::training::reference {

/// y [rows, outputs] = x [rows, inputs] w [outputs, inputs]^T.
template <class T>
void matmul(std::size_t inputs, std::size_t outputs, std::span<const T> x, std::span<const T> w,
            std::span<T> y) {
  for (std::size_t row = 0; row < x.size() / inputs; ++row) {
    for (std::size_t out = 0; out < outputs; ++out) {
      T sum{};
      for (std::size_t i = 0; i < inputs; ++i) sum += x[row * inputs + i] * w[out * inputs + i];
      y[row * outputs + out] = sum;
    }
  }
}

template <class T>
void matmul_backward(std::size_t inputs, std::size_t outputs, std::span<const T> x, std::span<const T> w,
                     std::span<const T> dy, std::span<T> dx, std::span<T> dw) {
  for (std::size_t row = 0; row < x.size() / inputs; ++row) {
    for (std::size_t out = 0; out < outputs; ++out) {
      const T gradient = dy[row * outputs + out];
      for (std::size_t i = 0; i < inputs; ++i) {
        dx[row * inputs + i] += gradient * w[out * inputs + i];
        dw[out * inputs + i] += gradient * x[row * inputs + i];
      }
    }
  }
}

template <class T>
T inverse_rms(std::span<const T> row, T epsilon) {
  T sum{};
  for (const T value : row) sum += value * value;
  return T{1} / std::sqrt(sum / static_cast<T>(row.size()) + epsilon);
}

/// Rows of weight.size() values.
template <class T>
void rms_norm(std::span<const T> x, std::span<const T> weight, T epsilon, std::span<T> y) {
  const std::size_t n = weight.size();
  for (std::size_t first = 0; first < x.size(); first += n) {
    const T inverse = inverse_rms(x.subspan(first, n), epsilon);
    for (std::size_t i = 0; i < n; ++i) y[first + i] = x[first + i] * inverse * weight[i];
  }
}

template <class T>
void rms_norm_backward(std::span<const T> x, std::span<const T> weight, T epsilon, std::span<const T> dy,
                       std::span<T> dx, std::span<T> dweight) {
  const std::size_t n = weight.size();
  for (std::size_t first = 0; first < x.size(); first += n) {
    const T inverse = inverse_rms(x.subspan(first, n), epsilon);
    T mean{};
    for (std::size_t i = 0; i < n; ++i) mean += dy[first + i] * weight[i] * x[first + i] * inverse;
    mean /= static_cast<T>(n);
    for (std::size_t i = 0; i < n; ++i) {
      dweight[i] += dy[first + i] * x[first + i] * inverse;
      dx[first + i] += inverse * (dy[first + i] * weight[i] - x[first + i] * inverse * mean);
    }
  }
}

/// Turns pairs i and i + dim / 2 of each row by its index times base^(-2 i / dim); `direction` -1 turns back,
/// which is the backward pass.
template <class T>
void rope(std::size_t dim, T base, T direction, std::span<T> rows) {
  const std::size_t half = dim / 2;
  for (std::size_t row = 0; row < rows.size() / dim; ++row) {
    for (std::size_t i = 0; i < half; ++i) {
      const T angle =
          direction * static_cast<T>(row) * std::pow(base, -static_cast<T>(i) / static_cast<T>(half));
      T& x = rows[row * dim + i];
      T& y = rows[row * dim + half + i];
      const T turned = x * std::cos(angle) - y * std::sin(angle);
      y = x * std::sin(angle) + y * std::cos(angle);
      x = turned;
    }
  }
}

/// Shares of one query row over the keys it sees, softmax of the scores.
template <class T>
std::vector<T> attention_shares(std::size_t dim, std::size_t row, bool is_causal, T scale,
                                std::span<const T> queries, std::span<const T> keys) {
  const std::size_t num_keys = is_causal ? row + 1 : keys.size() / dim;
  std::vector<T> shares(num_keys);
  for (std::size_t key = 0; key < num_keys; ++key) {
    for (std::size_t i = 0; i < dim; ++i) shares[key] += queries[row * dim + i] * keys[key * dim + i] * scale;
  }
  const T most = *std::max_element(shares.begin(), shares.end());
  T sum{};
  for (T& share : shares) sum += share = std::exp(share - most);
  for (T& share : shares) share /= sum;
  return shares;
}

/// One head of one document.
template <class T>
void attention(std::size_t dim, bool is_causal, T scale, std::span<const T> queries, std::span<const T> keys,
               std::span<const T> values, std::span<T> out) {
  for (std::size_t row = 0; row < queries.size() / dim; ++row) {
    const std::vector<T> shares = attention_shares(dim, row, is_causal, scale, queries, keys);
    for (std::size_t i = 0; i < dim; ++i) {
      out[row * dim + i] = T{};
      for (std::size_t key = 0; key < shares.size(); ++key)
        out[row * dim + i] += shares[key] * values[key * dim + i];
    }
  }
}

template <class T>
struct AttentionGradients {
  std::span<T> queries{};
  std::span<T> keys{};
  std::span<T> values{};
};

template <class T>
void attention_backward(std::size_t dim, bool is_causal, T scale, std::span<const T> queries,
                        std::span<const T> keys, std::span<const T> values, std::span<const T> dout,
                        const AttentionGradients<T>& gradients) {
  for (std::size_t row = 0; row < queries.size() / dim; ++row) {
    const std::vector<T> shares = attention_shares(dim, row, is_causal, scale, queries, keys);
    std::vector<T> dshares(shares.size());
    T mean{};
    for (std::size_t key = 0; key < shares.size(); ++key) {
      for (std::size_t i = 0; i < dim; ++i) {
        dshares[key] += dout[row * dim + i] * values[key * dim + i];
        gradients.values[key * dim + i] += shares[key] * dout[row * dim + i];
      }
      mean += shares[key] * dshares[key];
    }
    for (std::size_t key = 0; key < shares.size(); ++key) {
      const T dscore = shares[key] * (dshares[key] - mean) * scale;
      for (std::size_t i = 0; i < dim; ++i) {
        gradients.queries[row * dim + i] += dscore * keys[key * dim + i];
        gradients.keys[key * dim + i] += dscore * queries[row * dim + i];
      }
    }
  }
}

/// inner = silu(gate) * up, value by value.
template <class T>
void swiglu(std::span<const T> gate, std::span<const T> up, std::span<T> inner) {
  for (std::size_t i = 0; i < gate.size(); ++i) inner[i] = gate[i] / (T{1} + std::exp(-gate[i])) * up[i];
}

template <class T>
void swiglu_backward(std::span<const T> gate, std::span<const T> up, std::span<const T> dinner,
                     std::span<T> dgate, std::span<T> dup) {
  for (std::size_t i = 0; i < gate.size(); ++i) {
    const T share = T{1} / (T{1} + std::exp(-gate[i]));
    dgate[i] += dinner[i] * up[i] * share * (T{1} + gate[i] * (T{1} - share));
    dup[i] += dinner[i] * gate[i] * share;
  }
}

/// The routing of one token.
template <class T>
struct Route {
  std::vector<T> probabilities{};      ///< Of all experts
  T log_sum{};                         ///< Of the exponentials of the logits
  std::vector<std::size_t> experts{};  ///< By falling probability, ties by rising number
  std::vector<T> weights{};            ///< Of those, sum 1
};

template <class T>
Route<T> route(std::span<const T> logits, std::size_t top_k) {
  Route<T> result;
  const T most = *std::max_element(logits.begin(), logits.end());
  T sum{};
  for (const T logit : logits) sum += result.probabilities.emplace_back(std::exp(logit - most));
  for (T& probability : result.probabilities) probability /= sum;
  result.log_sum = most + std::log(sum);
  for (std::size_t expert = 0; expert < logits.size(); ++expert) result.experts.push_back(expert);
  std::sort(result.experts.begin(), result.experts.end(), [&](std::size_t a, std::size_t b) {
    const auto& p = result.probabilities;
    return p[a] != p[b] ? p[a] > p[b] : a < b;
  });
  result.experts.resize(top_k);
  T chosen{};
  for (const std::size_t expert : result.experts) chosen += result.probabilities[expert];
  for (const std::size_t expert : result.experts)
    result.weights.push_back(result.probabilities[expert] / chosen);
  return result;
}

/// Gradient by a token's logits, from that by its weights. `balance` is what the balance loss gives for a
/// unit of each expert's probability, `z` what the z loss gives for a unit of log_sum squared.
template <class T>
void route_backward(const Route<T>& route, std::span<const T> dweights, std::span<const T> balance, T z,
                    std::span<T> dlogits) {
  T chosen{};
  T mean{};
  for (std::size_t rank = 0; rank < route.experts.size(); ++rank) {
    chosen += route.probabilities[route.experts[rank]];
    mean += dweights[rank] * route.weights[rank];
  }
  std::vector<T> dprobabilities(balance.begin(), balance.end());
  for (std::size_t rank = 0; rank < route.experts.size(); ++rank)
    dprobabilities[route.experts[rank]] += (dweights[rank] - mean) / chosen;
  T weighted{};
  for (std::size_t i = 0; i < dprobabilities.size(); ++i)
    weighted += dprobabilities[i] * route.probabilities[i];
  for (std::size_t i = 0; i < dprobabilities.size(); ++i)
    dlogits[i] += route.probabilities[i] * (dprobabilities[i] - weighted + T{2} * z * route.log_sum);
}

/// -log p(target) of one row of logits.
template <class T>
T cross_entropy(std::span<const T> logits, std::size_t target) {
  const T most = *std::max_element(logits.begin(), logits.end());
  T sum{};
  for (const T logit : logits) sum += std::exp(logit - most);
  return most + std::log(sum) - logits[target];
}

template <class T>
void cross_entropy_backward(std::span<const T> logits, std::size_t target, T scale, std::span<T> dlogits) {
  const T loss = cross_entropy(logits, target);
  for (std::size_t i = 0; i < logits.size(); ++i)
    dlogits[i] += scale * (std::exp(logits[i] - logits[target] - loss) - (i == target ? T{1} : T{0}));
}

}  // namespace lyceum::kernels::training::reference
