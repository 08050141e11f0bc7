#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agents/direct_context.hpp"

namespace lyceum::test {

/// A DirectContext that records every call with what it returned, gives recorded results back (as after a
/// crash), and ends the attempt at a chosen call.
class FakeStepContext final : public agents::DirectContext {
 public:
  using Value = std::variant<Json, model::Choice, model::Quotes, model::Written, agents::Blackboard>;

  struct Call {
    std::string what{};  ///< Kind and arguments.
    std::optional<Error> error{};
    Value value{};
  };

  using DirectContext::DirectContext;

  std::vector<Call> calls{};
  /// Results for the first calls; a call that differs from what is recorded is listed in `strays`.
  std::vector<Call> recorded{};
  std::vector<std::string> strays{};
  /// The call with this index and all later ones end as cancelled.
  std::optional<std::size_t> cancelled_from{};
  /// Called before each call with its index: a person acts in between.
  std::function<void(std::size_t index)> before_call{};

  Task<Result<Json>> act(std::string tool, Json args) override {
    const std::string what = "act " + tool + " " + args.dump();
    if (auto known = begin<Json>(what)) co_return *std::move(known);
    co_return end(what, co_await DirectContext::act(std::move(tool), std::move(args)));
  }

  Task<Result<model::Choice>> choose(model::ChooseRequest request) override {
    const std::string what = "choose " + request.prompt.task + " " + request.prompt.slots.dump();
    if (auto known = begin<model::Choice>(what)) co_return *std::move(known);
    co_return end(what, co_await DirectContext::choose(std::move(request)));
  }

  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override {
    std::string what = "quote " + request.prompt.task + " " + request.prompt.slots.dump();
    for (const std::string& source : request.sources) what += "\n" + source;
    if (auto known = begin<model::Quotes>(what)) co_return *std::move(known);
    co_return end(what, co_await DirectContext::quote(std::move(request)));
  }

  Task<Result<model::Written>> write(model::WriteRequest request, std::string message) override {
    const std::string what = "write " + request.prompt.task + " " + request.prompt.slots.dump();
    if (auto known = begin<model::Written>(what)) co_return *std::move(known);
    co_return end(what, co_await DirectContext::write(std::move(request), std::move(message)));
  }

  Task<Result<agents::Blackboard>> read_blackboard() override {
    const std::string what = "read_blackboard";
    if (auto known = begin<agents::Blackboard>(what)) co_return *std::move(known);
    co_return end(what, co_await DirectContext::read_blackboard());
  }

  Task<Result<Json>> emit(std::string type, Json data) override {
    const std::string what = "emit " + type + " " + data.dump();
    if (auto known = begin<Json>(what)) co_return *std::move(known);
    co_return end(what, co_await DirectContext::emit(std::move(type), std::move(data)));
  }

 private:
  /// What the call returns without being made, if anything.
  template <class T>
  std::optional<Result<T>> begin(const std::string& what) {
    const std::size_t index = calls.size();
    if (before_call) before_call(index);
    if (cancelled_from && index >= *cancelled_from) {
      calls.push_back({.what = what, .error = Error{Errc::cancelled, "the attempt is over"}});
      return Result<T>(Error{Errc::cancelled, "the attempt is over"});
    }
    if (index >= recorded.size()) return std::nullopt;
    const Call& known = recorded[index];
    if (known.what != what) {
      strays.push_back(what);
      return std::nullopt;
    }
    calls.push_back(known);
    if (known.error) return Result<T>(*known.error);
    return Result<T>(std::get<T>(known.value));
  }

  template <class T>
  Result<T> end(const std::string& what, Result<T> result) {
    Call call{.what = what};
    if (result) {
      call.value = *result;
    } else {
      call.error = result.error();
    }
    calls.push_back(std::move(call));
    return result;
  }
};

}  // namespace lyceum::test
