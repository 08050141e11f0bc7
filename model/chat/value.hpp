#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/chat/marked_text.hpp"

namespace lyceum::model::chat {

struct Dict;
struct Loop;
struct Statement;
class Value;

using List = std::vector<Value>;

/// A name, key or attribute that is not there. Empty when written, false, without elements.
struct Undefined {};

struct None {};

enum class Function : std::uint8_t { range, make_namespace, make_dict, raise_exception, strftime_now };

/// What a template computes with. Small: texts, lists and dicts lie in the Heap of the rendering.
class Value {
 public:
  using Variant = std::variant<Undefined, None, bool, std::int64_t, double, const MarkedText*, const List*,
                               Dict*, const Loop*, const Statement*, Function>;

  Value() = default;

  template <class T>

  requires std::is_constructible_v<Variant, T> Value(T held) : held_(held) {}

  template <class T>
  const T* find() const {
    return std::get_if<T>(&held_);
  }

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(held_);
  }

  /// nullptr for another type.
  const MarkedText* text() const { return pointee<const MarkedText*>(); }

  const List* list() const { return pointee<const List*>(); }

  Dict* dict() const { return pointee<Dict*>(); }

  const Variant& held() const { return held_; }

 private:
  template <class Pointer>
  Pointer pointee() const {
    const auto* pointer = std::get_if<Pointer>(&held_);
    return pointer == nullptr ? nullptr : *pointer;
  }

  Variant held_{};
};

/// Keys in the order in which they came. A namespace is the one dict that a template can change.
struct Dict {
  std::vector<std::pair<MarkedText, Value>> entries{};
  bool is_namespace = false;

  /// nullptr when there is none.
  const Value* find(std::string_view key) const;
  void set(const MarkedText& key, Value value);
};

/// Where a loop stands.
struct Loop {
  const List* elements = nullptr;
  std::size_t index = 0;
};

/// Owns the values of one rendering until its end, so that they may point to each other in any way, and
/// counts what the template costs: bytes made and work done.
class Heap {
 public:
  /// About 1 s of work and 256 MiB.
  static constexpr std::uint64_t kMaxWork = 32'000'000;
  static constexpr std::uint64_t kMaxBytes = 128 * 1024 * 1024;

  /// too_large when the template has used up what it may. A unit is some 64 bytes looked at.
  Result<void> spend(std::uint64_t work);

  Result<void> spend_bytes(std::uint64_t size_bytes) { return spend(1 + size_bytes / 64); }

  Result<Value> text(MarkedText text);

  Result<Value> text(std::string_view bytes, bool is_trusted) { return text(MarkedText(bytes, is_trusted)); }

  Result<Value> list(List elements);
  Result<Dict*> dict(Dict dict);
  Result<const Loop*> loop(Loop loop);
  /// Texts from JSON are not trusted. Integers beyond 64 bits become floats.
  Result<Value> from_json(const Json& json);

 private:
  Result<void> count(std::uint64_t size_bytes);

  std::uint64_t work_ = 0;
  std::uint64_t bytes_ = 0;
  std::deque<MarkedText> texts_{};
  std::deque<List> lists_{};
  std::deque<Dict> dicts_{};
  std::deque<Loop> loops_{};
};

/// "string", "mapping", … for messages.
std::string_view type_name(const Value& value);
bool is_true(const Value& value);
/// As Python's ==; lists and dicts by their elements, to a depth of kMaxValueDepth.
Result<bool> is_equal(const Value& a, const Value& b, Heap& heap);
/// Numbers and texts; -1, 0 or 1. unsupported for others.
Result<int> compare(const Value& a, const Value& b);
/// As a template writes it: Python's str().
Result<MarkedText> text_of(const Value& value, Heap& heap);
/// json.dumps(value, ensure_ascii=False), with `indent` blanks a level unless negative.
Result<MarkedText> json_of(const Value& value, int indent, Heap& heap);

inline constexpr int kMaxValueDepth = 100;

}  // namespace lyceum::model::chat
