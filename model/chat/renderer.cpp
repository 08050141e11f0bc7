#include "model/chat/renderer.hpp"

#include <utility>

namespace lyceum::model::chat {
namespace {

Error at_line(int line, const Error& error) {
  if (error.message.starts_with("line ")) return error;
  return {error.code, "line " + std::to_string(line) + ": " + error.message};
}

}  // namespace

Renderer::Renderer(Heap& heap, Scope variables, std::int64_t unix_time_s)
    : heap_(heap), unix_time_s_(unix_time_s) {
  variables.try_emplace("range", Function::range);
  variables.try_emplace("namespace", Function::make_namespace);
  variables.try_emplace("dict", Function::make_dict);
  variables.try_emplace("raise_exception", Function::raise_exception);
  variables.try_emplace("strftime_now", Function::strftime_now);
  scopes_.push_back(std::move(variables));
}

Result<MarkedText> Renderer::render(const Block& block) {
  return written_by(block);
}

Result<void> Renderer::enter() {
  if (++depth_ > kMaxRenderDepth)
    return Error{Errc::too_large, "expected statements and macros nested less deep"};
  return heap_.spend(1);
}

Result<MarkedText> Renderer::written_by(const Block& block) {
  MarkedText written;
  MarkedText* const outer = std::exchange(out_, &written);
  const auto done = run_block(block);
  out_ = outer;
  if (!done) return done.error();
  return written;
}

Result<Renderer::Flow> Renderer::run_block(const Block& block) {
  TRY_OK(enter());
  for (const Statement& statement : block) {
    const auto flow = run(statement);
    if (!flow) return at_line(statement.line, flow.error());
    if (*flow != Flow::next) {
      --depth_;
      return flow;
    }
  }
  --depth_;
  return Flow::next;
}

Result<Renderer::Flow> Renderer::run(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::text:
      TRY_OK(write(MarkedText(statement.text, true)));
      return Flow::next;
    case StatementKind::output: {
      TRY(const Value value, evaluate(*statement.expression));
      TRY(const MarkedText text, text_of(value, heap_));
      TRY_OK(write(text));
      return Flow::next;
    }
    case StatementKind::assign:
      TRY_OK(assign(statement));
      return Flow::next;
    case StatementKind::assign_block:
      TRY_OK(assign_block(statement));
      return Flow::next;
    case StatementKind::condition:
      return run_condition(statement);
    case StatementKind::loop:
      return run_loop(statement);
    case StatementKind::macro:
      scopes_.back()[statement.text] = Value(&statement);
      return Flow::next;
    case StatementKind::break_loop:
      return Flow::leave_loop;
    case StatementKind::continue_loop:
      return Flow::next_turn;
  }
  return Flow::next;
}

Result<void> Renderer::write(const MarkedText& text) {
  TRY_OK(heap_.spend_bytes(text.size()));
  *out_ += text;
  if (out_->size() > Heap::kMaxBytes / 2) return Error{Errc::too_large, "the text is too long"};
  return ok();
}

Result<void> Renderer::assign(const Statement& statement) {
  TRY(const Value value, evaluate(*statement.expression));
  if (statement.text.empty()) return assign_value(statement.names, value);
  const Value target = look_up(statement.names.front());
  if (target.dict() == nullptr || !target.dict()->is_namespace)
    return Error{Errc::invalid_argument,
                 "expected \"" + statement.names.front() + "\" to be a namespace, as a part of it is set"};
  target.dict()->set(MarkedText(statement.text, true), value);
  return heap_.spend(1 + target.dict()->entries.size() / 16);
}

Result<void> Renderer::assign_value(const std::vector<std::string>& names, const Value& value) {
  if (names.size() == 1) {
    scopes_.back()[names.front()] = value;
    return ok();
  }
  TRY(const List* const parts, elements_of(value, heap_));
  if (parts->size() != names.size()) {
    return Error{Errc::invalid_argument, "expected " + std::to_string(names.size()) +
                                             " values to assign, found " + std::to_string(parts->size())};
  }
  for (std::size_t i = 0; i < names.size(); ++i) scopes_.back()[names[i]] = (*parts)[i];
  return ok();
}

Result<void> Renderer::assign_block(const Statement& statement) {
  TRY(MarkedText text, written_by(statement.body));
  TRY(scopes_.back()[statement.names.front()], heap_.text(std::move(text)));
  return ok();
}

Result<Renderer::Flow> Renderer::run_condition(const Statement& statement) {
  for (const Branch& branch : statement.branches) {
    bool holds = branch.condition == nullptr;
    if (!holds) {
      TRY(const Value value, evaluate(*branch.condition));
      holds = is_true(value);
    }
    if (holds) return run_block(branch.body);
  }
  return Flow::next;
}

Result<List> Renderer::loop_elements(const Statement& statement) {
  TRY(const Value iterable, evaluate(*statement.expression));
  TRY(const List* const all, elements_of(iterable, heap_));
  if (statement.filter == nullptr) return *all;
  List kept;
  for (const Value& each : *all) {
    TRY_OK(assign_value(statement.names, each));
    TRY(const Value holds, evaluate(*statement.filter));
    if (is_true(holds)) kept.push_back(each);
  }
  return kept;
}

Result<Renderer::Flow> Renderer::run_loop(const Statement& statement) {
  scopes_.emplace_back();
  TRY(List elements, loop_elements(statement));
  TRY(const Value held, heap_.list(std::move(elements)));
  const List& list = *held.list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    scopes_.back().clear();
    TRY(const Loop* const loop, heap_.loop({.elements = &list, .index = i}));
    scopes_.back()["loop"] = Value(loop);
    TRY_OK(assign_value(statement.names, list[i]));
    TRY(const Flow flow, run_block(statement.body));
    if (flow == Flow::leave_loop) break;
  }
  scopes_.pop_back();
  return list.empty() ? run_block(statement.otherwise) : Result<Flow>(Flow::next);
}

Result<Value> Renderer::call_macro(const Statement& macro, const CallArguments& arguments) {
  TRY_OK(enter());
  if (arguments.positional.size() > macro.names.size())
    return Error{Errc::invalid_argument, "macro \"" + macro.text + "\": too many arguments"};
  Scope parameters;
  for (std::size_t i = 0; i < macro.names.size(); ++i) {
    const Value* given = arguments.find(i, macro.names[i]);
    Value value = given == nullptr ? Value() : *given;
    if (given == nullptr && macro.defaults[i] != nullptr) {
      TRY(value, evaluate(*macro.defaults[i]));
    }
    parameters[macro.names[i]] = value;
  }
  scopes_.push_back(std::move(parameters));
  const std::size_t outer_frame = std::exchange(frame_begin_, scopes_.size() - 1);
  auto written = written_by(macro.body);
  frame_begin_ = outer_frame;
  if (!written) return written.error();
  scopes_.pop_back();
  --depth_;
  return heap_.text(*std::move(written));
}

}  // namespace lyceum::model::chat
