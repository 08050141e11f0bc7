#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/ids.hpp"
#include "web/openai/chat_call.hpp"
#include "web/openai/chat_wire.hpp"
#include "web/openai/errors.hpp"
#include "web/openai/handlers.hpp"

namespace lyceum::web::openai {
namespace {

constexpr std::size_t kMaxInlineJsonBytes = 64U << 10U;  // Longer bodies would hold an I/O thread up.

/// One request while its choices are written. On the connection's strand.
struct Exchange {
  ChatCall call{};
  ChatHead head{};
  model::ChatModel& model;
  EventSink& events;
  std::vector<model::ChatAnswer> answers{};  ///< One a choice
  std::optional<Error> failure{};            ///< The first; ends the other choices.
};

/// Takes one choice's deltas to the stream, if there is one.
class ChoiceSink final : public model::ChatSink {
 public:
  ChoiceSink(Exchange& exchange, std::size_t choice) : exchange_(exchange), choice_(choice) {}

  Task<bool> on_delta(model::ChatDelta delta) override {
    if (exchange_.failure) co_return false;
    if (!exchange_.call.is_streamed) co_return true;
    co_return co_await send(delta_event(exchange_.head, choice_, delta));
  }

  /// Once, after the last delta.
  Task<bool> finish(model::FinishReason reason) {
    co_return co_await send(finish_event(exchange_.head, choice_, reason));
  }

 private:
  Task<bool> send(std::string event) {
    if (event.empty()) co_return true;
    if (!has_role_) event.insert(0, role_event(exchange_.head, choice_));
    has_role_ = true;
    co_return co_await exchange_.events.send(std::move(event));
  }

  Exchange& exchange_;
  std::size_t choice_;
  bool has_role_ = false;
};

Task<void> write_choice(Exchange& exchange, std::size_t choice) {
  model::ChatRequest request = exchange.call.request;
  // Choices differ by their seeds; the first is what the seed alone gives.
  if (request.sampling.seed) *request.sampling.seed += choice;
  ChoiceSink sink(exchange, choice);
  auto answer = co_await exchange.model.chat(std::move(request), &sink);
  if (!answer) {
    if (!exchange.failure) exchange.failure = answer.error();
    co_return;
  }
  if (exchange.call.is_streamed && !co_await sink.finish(answer->finish_reason)) {
    if (!exchange.failure) exchange.failure = Error{Errc::cancelled, "the client has left"};
  }
  exchange.answers[choice] = *std::move(answer);
}

// All at the same time: the engine computes them in one batch.
Task<void> write_choices(Exchange& exchange, std::size_t first) {
  using namespace net::experimental::awaitable_operators;
  if (first + 1 == exchange.call.num_choices) {
    co_await write_choice(exchange, first);
  } else {
    co_await (write_choice(exchange, first) && write_choices(exchange, first + 1));
  }
}

Task<Result<ChatCall>> read_call(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const auto parse = [&request]() -> Result<ChatCall> {
    TRY(const Json body, json_body(request));
    return parse_chat(body);
  };
  if (request.body.size() <= kMaxInlineJsonBytes) co_return parse();
  co_return co_await run_blocking(services.pool, parse);
}

std::string new_id(const Services& services) {
  SystemRandom random;
  return "chatcmpl-" + IdGenerator(services.clock, random).next();
}

Answer failure_answer(const Error& error) {
  const bool is_too_long = error.code == Errc::too_large;
  const Errc code = is_too_long ? Errc::invalid_argument : error.code;
  return error_answer({code, error.message}, is_too_long ? "context_length_exceeded" : "");
}

}  // namespace

Task<std::optional<Answer>> create_chat_completion(const Services& services, Request request,
                                                   EventSink& events) {
  auto call = co_await read_call(services, std::move(request));
  if (!call) co_return error_answer(call.error());
  if (auto checked = check_model(services, call->model); !checked)
    co_return error_answer(checked.error(), "model_not_found");
  model::ChatModel* model = services.model.chat_model();
  if (model == nullptr) {
    co_return error_answer(
        {Errc::unsupported, "the model \"" + call->model + "\" (" + services.model.info().provider +
                                ") does not chat: start the service with a model file"},
        "model_cannot_chat");
  }
  Exchange exchange{.model = *model, .events = events};
  exchange.call = *std::move(call);
  exchange.head = {.id = new_id(services),
                   .created_s = services.clock.now_ms() / 1000,
                   .model = exchange.call.model,
                   .has_logprobs = exchange.call.request.wants_logprobs,
                   .includes_usage = exchange.call.includes_usage};
  exchange.answers.resize(exchange.call.num_choices);
  if (exchange.call.is_streamed) events.begin();

  co_await write_choices(exchange, 0);

  if (exchange.failure) co_return failure_answer(*exchange.failure);
  if (!exchange.call.is_streamed) co_return json_answer(completion_json(exchange.head, exchange.answers));
  std::string last = exchange.call.includes_usage ? usage_event(exchange.head, exchange.answers) : "";
  last += kDoneEvent;
  co_await events.send(std::move(last));
  co_return std::nullopt;
}

}  // namespace lyceum::web::openai
