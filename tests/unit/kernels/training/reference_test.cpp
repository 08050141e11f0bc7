#include "kernels/training/reference.hpp"

#include <gtest/gtest.h>

#include "tests/unit/kernels/training/values.hpp"

// Goal: each backward of the reference is the derivative of its forward. Method: in double, against central
// differences of a random linear function of the outputs.
namespace lyceum::kernels::training {
namespace {

constexpr double kTolerance = 1e-7;

using Values = std::vector<double>;
using In = std::span<const double>;

TEST(TrainingReference, MatmulBackwardAgreesWithDifferences) {
  TestValues values(1);
  Values x = values.take(3 * 5);
  Values w = values.take(4 * 5);
  const Values dy = values.take(3 * 4);
  const auto loss = [&] {
    Values y(3 * 4);
    reference::matmul<double>(5, 4, x, w, y);
    return dot(y, dy);
  };
  Values dx(x.size());
  Values dw(w.size());

  reference::matmul_backward<double>(5, 4, x, w, dy, dx, dw);

  EXPECT_LT(relative_error(dx, differences(x, loss)), kTolerance);
  EXPECT_LT(relative_error(dw, differences(w, loss)), kTolerance);
}

TEST(TrainingReference, RmsNormBackwardAgreesWithDifferences) {
  TestValues values(2);
  Values x = values.take(3 * 8);
  Values weight = values.take(8);
  const Values dy = values.take(3 * 8);
  const auto loss = [&] {
    Values y(x.size());
    reference::rms_norm<double>(x, weight, 1e-3, y);
    return dot(y, dy);
  };
  Values dx(x.size());
  Values dweight(weight.size());

  reference::rms_norm_backward<double>(x, weight, 1e-3, dy, dx, dweight);

  EXPECT_LT(relative_error(dx, differences(x, loss)), kTolerance);
  EXPECT_LT(relative_error(dweight, differences(weight, loss)), kTolerance);
}

TEST(TrainingReference, TurningBackIsTheBackwardOfRope) {
  TestValues values(3);
  Values x = values.take(5 * 8);
  const Values dy = values.take(5 * 8);
  const auto loss = [&] {
    Values y = x;
    reference::rope<double>(8, 10000.0, 1.0, y);
    return dot(y, dy);
  };
  Values dx = dy;

  reference::rope<double>(8, 10000.0, -1.0, dx);

  EXPECT_LT(relative_error(dx, differences(x, loss)), kTolerance);
}

TEST(TrainingReference, AttentionBackwardAgreesWithDifferences) {
  for (const bool is_causal : {true, false}) {
    TestValues values(4);
    Values queries = values.take(5 * 4);
    Values keys = values.take(5 * 4);
    Values weights = values.take(5 * 4);
    const Values dout = values.take(5 * 4);
    const auto loss = [&] {
      Values out(5 * 4);
      reference::attention<double>(4, is_causal, 0.7, queries, keys, weights, out);
      return dot(out, dout);
    };
    Values dqueries(5 * 4);
    Values dkeys(5 * 4);
    Values dvalues(5 * 4);

    reference::attention_backward<double>(4, is_causal, 0.7, queries, keys, weights, dout,
                                          {dqueries, dkeys, dvalues});

    EXPECT_LT(relative_error(dqueries, differences(queries, loss)), kTolerance);
    EXPECT_LT(relative_error(dkeys, differences(keys, loss)), kTolerance);
    EXPECT_LT(relative_error(dvalues, differences(weights, loss)), kTolerance);
  }
}

TEST(TrainingReference, SwigluBackwardAgreesWithDifferences) {
  TestValues values(5);
  Values gate = values.take(7);
  Values up = values.take(7);
  const Values dinner = values.take(7);
  const auto loss = [&] {
    Values inner(7);
    reference::swiglu<double>(gate, up, inner);
    return dot(inner, dinner);
  };
  Values dgate(7);
  Values dup(7);

  reference::swiglu_backward<double>(gate, up, dinner, dgate, dup);

  EXPECT_LT(relative_error(dgate, differences(gate, loss)), kTolerance);
  EXPECT_LT(relative_error(dup, differences(up, loss)), kTolerance);
}

TEST(TrainingReference, RouteBackwardAgreesWithDifferencesOfWeightsAndBothLosses) {
  TestValues values(6);
  Values logits = values.take(6);
  const Values dweights = values.take(3);
  const Values balance = values.take(6);
  const double z = 0.3;
  const auto loss = [&] {
    const auto route = reference::route<double>(logits, 3);
    return dot(route.weights, dweights) + dot(route.probabilities, balance) +
           z * route.log_sum * route.log_sum;
  };
  Values dlogits(6);

  reference::route_backward<double>(reference::route<double>(logits, 3), dweights, balance, z, dlogits);

  EXPECT_LT(relative_error(dlogits, differences(logits, loss)), kTolerance);
}

TEST(TrainingReference, CrossEntropyBackwardAgreesWithDifferences) {
  TestValues values(7);
  Values logits = values.take(9);
  const auto loss = [&] { return 1.5 * reference::cross_entropy(In(logits), 4); };
  Values dlogits(9);

  reference::cross_entropy_backward<double>(logits, 4, 1.5, dlogits);

  EXPECT_LT(relative_error(dlogits, differences(logits, loss)), kTolerance);
}

}  // namespace
}  // namespace lyceum::kernels::training
