#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/chat_model.hpp"
#include "model/tokenizer/utf8_stream.hpp"

namespace lyceum::model {

/// Marks around a call, as most published templates write them.
inline constexpr std::string_view kCallBegin = "<tool_call>";
inline constexpr std::string_view kCallEnd = "</tool_call>";

/// Turns the bytes of an answer into deltas: whole characters, nothing of a stop string or of a mark, tool
/// calls as calls. One thread at a time.
class AnswerReader {
 public:
  struct Options {
    std::vector<std::string> stop{};
    bool reads_calls = false;      ///< Calls stand between marks.
    bool is_call = false;          ///< The whole answer is one call, without marks.
    bool takes_one_call = false;   ///< What follows the first call is dropped.
    std::string call_id_prefix{};  ///< Unique to the answer.
    std::vector<ToolDefinition> tools{};
  };

  explicit AnswerReader(Options options) : options_(std::move(options)) {}

  ChatDelta push(std::string_view bytes);
  /// What was held back. The reader is done.
  ChatDelta finish();

  /// Nothing more is wanted: a stop string was met, or the one call is there.
  bool has_stopped() const { return has_stopped_; }

  std::size_t num_calls() const { return num_calls_; }

 private:
  void read(ChatDelta& delta, bool is_last);
  bool read_call(ChatDelta& delta, bool is_last);
  void add_call(ChatDelta& delta, const std::string& text, const std::string& as_text);
  std::size_t safe_length(std::size_t limit) const;
  bool is_known(const std::string& name, const Json& arguments) const;

  Options options_;
  Utf8Stream characters_{};
  std::string pending_{};
  bool is_in_call_ = false;
  bool has_stopped_ = false;
  std::size_t num_calls_ = 0;
};

}  // namespace lyceum::model
