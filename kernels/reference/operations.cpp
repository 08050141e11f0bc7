#include "kernels/operations.hpp"

#include "kernels/matmul.hpp"
#include "kernels/rms_norm.hpp"
#include "kernels/swiglu.hpp"

namespace lyceum::kernels {
namespace {

class ReferenceOperations final : public Operations {
 public:
  void for_each(std::size_t count, const std::function<void(std::size_t)>& work) override {
    for (std::size_t i = 0; i < count; ++i) work(i);
  }

  void matmul(std::size_t num_tokens, std::span<const float> x, std::span<const Product> products) override {
    for (const Product& product : products) reference::matmul(num_tokens, x, product.weight, product.y);
  }

  void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
                std::span<float> y) override {
    reference::rms_norm(x, weight, epsilon, y);
  }

  void swiglu(std::span<float> gate, std::span<const float> up) override { reference::swiglu(gate, up); }

  void attention(const AttentionShape& shape, std::span<const AttentionQuery> queries) override {
    for (const AttentionQuery& query : queries)
      reference::attention(shape, query.query, query.seen, query.out);
  }

  void moe_experts(const ExpertsShape& shape, const ExpertWeights& weights, const ExpertRoutes& routes,
                   std::span<const float> x, std::span<float> y) override {
    reference::moe_experts(shape, weights, routes, x, y);
  }
};

}  // namespace

std::unique_ptr<Operations> make_reference_operations() {
  return std::make_unique<ReferenceOperations>();
}

}  // namespace lyceum::kernels
