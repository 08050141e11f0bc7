#include "model/engine/answer_reader.hpp"

#include <gtest/gtest.h>

namespace lyceum::model {
namespace {

/// All deltas of `text` in pieces of `size` bytes, joined.
ChatDelta read(AnswerReader::Options options, const std::string& text, std::size_t size) {
  AnswerReader reader(std::move(options));
  ChatDelta all;
  const auto add = [&](const ChatDelta& delta) {
    all.text += delta.text;
    all.tool_calls.insert(all.tool_calls.end(), delta.tool_calls.begin(), delta.tool_calls.end());
  };
  for (std::size_t at = 0; at < text.size(); at += size) add(reader.push(text.substr(at, size)));
  add(reader.finish());
  return all;
}

const std::vector<ToolDefinition> kTools = {
    {.name = "add",
     .parameters = {{"type", "object"}, {"properties", {{"a", {{"type", "integer"}}}}}, {"required", {"a"}}},
     .is_strict = true}};

TEST(AnswerReaderTest, EndsBeforeTheFirstStopStringHoweverTheBytesCome) {
  for (const std::size_t size : {1UL, 2UL, 3UL, 100UL}) {
    const auto delta = read({.stop = {"STOP", "\n\n"}}, "one ST\xC3\xB6P two STOP three\n\n", size);
    EXPECT_EQ(delta.text, "one ST\xC3\xB6P two ") << size;
  }
  EXPECT_EQ(read({.stop = {"STOP"}}, "a STO", 1).text, "a STO");
}

TEST(AnswerReaderTest, ReadsCallsBetweenTheirMarks) {
  const std::string text =
      "Let me see.<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": "
      "1}}\n</tool_call>\n<tool_call>{\"name\":"
      "\"add\",\"arguments\":{\"a\":2}}</tool_call>";
  for (const std::size_t size : {1UL, 7UL, 1000UL}) {
    const auto delta = read({.reads_calls = true, .call_id_prefix = "c", .tools = kTools}, text, size);
    EXPECT_EQ(delta.text, "Let me see.\n");
    ASSERT_EQ(delta.tool_calls.size(), 2U);
    EXPECT_EQ(delta.tool_calls[1].id, "c1");
    EXPECT_EQ(delta.tool_calls[1].name, "add");
    EXPECT_EQ(delta.tool_calls[1].arguments, "{\"a\":2}");
  }
  EXPECT_EQ(read({.reads_calls = true, .takes_one_call = true, .tools = kTools}, text, 3).tool_calls.size(),
            1U);
}

TEST(AnswerReaderTest, LeavesAsTextWhatIsNoCallThatWasOffered) {
  for (const std::string call : {"{\"name\":\"remove\",\"arguments\":{}}",
                                 "{\"name\":\"add\",\"arguments\":{\"a\":\"x\"}}", "{broken"}) {
    const std::string text = "<tool_call>" + call + "</tool_call> end";
    const auto delta = read({.reads_calls = true, .tools = kTools}, text, 4);
    EXPECT_TRUE(delta.tool_calls.empty()) << call;
    EXPECT_EQ(delta.text, text);
  }
  EXPECT_EQ(read({.reads_calls = true, .tools = kTools}, "a <tool_call>{", 1).text, "a <tool_call>{");
}

TEST(AnswerReaderTest, TakesAWholeAnswerAsOneCall) {
  const auto delta =
      read({.is_call = true, .tools = kTools}, "{\"arguments\":{\"a\":3},\"name\":\"add\"}", 5);
  ASSERT_EQ(delta.tool_calls.size(), 1U);
  EXPECT_EQ(delta.tool_calls[0].arguments, "{\"a\":3}");
  EXPECT_TRUE(delta.text.empty());
}

}  // namespace
}  // namespace lyceum::model
