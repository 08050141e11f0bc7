#include "tools/builtin/make.hpp"
#include "tools/builtin/schemas.hpp"

namespace lyceum::tools {
namespace {

constexpr std::size_t kMaxSubjectBytes = 300;
constexpr std::size_t kMaxNoteBytes = 8000;
constexpr std::size_t kMaxRecalled = 20;

Json subject_schema() {
  return string_schema("What the note is about, in lower case: the key to find it by.", 1, kMaxSubjectBytes);
}

Tool::Spec make_remember_spec() {
  Json parameters = {{"subject", subject_schema()},
                     {"text", string_schema("What is worth keeping.", 1, kMaxNoteBytes)}};
  Json result = {{"note", text_schema()}};
  return {
      .name = "remember",
      .description =
          "Keeps a knowledge note that later runs can recall. A note is no source: answers do not cite it.",
      .parameters = object_schema(std::move(parameters), {"subject", "text"}),
      .result = object_schema(std::move(result), {"note"}),
      .effect = Effect::idempotent,
      .risk = Risk::low};
}

Tool::Spec make_recall_spec() {
  Json note = {{"text", text_schema()}, {"run", text_schema()}, {"written_ms", size_schema()}};
  Json result = {{"notes", array_schema(object_schema(std::move(note), {"text", "run", "written_ms"}))}};
  return {.name = "recall",
          .description = "Lists the knowledge notes that earlier runs kept about a subject, newest first.",
          .parameters = object_schema({{"subject", subject_schema()}}, {"subject"}),
          .result = object_schema(std::move(result), {"notes"}),
          .effect = Effect::pure,
          .risk = Risk::low};
}

class Remember final : public Tool {
 public:
  Remember(memory::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    // The call's key as id: the same call made twice keeps one note.
    const memory::Note note{.id = call.key,
                            .subject = args.at("subject").get<std::string>(),
                            .text = args.at("text").get<std::string>(),
                            .run_id = call.run_id,
                            .written_ms = call.now_ms};
    auto work = [this, &note] { return store_.notes().put_blocking(note); };
    CO_TRY_OK(co_await run_blocking(pool_, std::move(work)));
    co_return ToolOutcome{.result = {{"note", note.id}}};
  }

 private:
  const Spec spec_ = make_remember_spec();
  memory::Store& store_;
  BlockingPool& pool_;
};

class Recall final : public Tool {
 public:
  Recall(memory::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall) override {
    const std::string subject = args.at("subject").get<std::string>();
    auto work = [this, &subject] { return store_.notes().by_subject_blocking(subject); };
    CO_TRY(const std::vector<memory::Note> notes, co_await run_blocking(pool_, std::move(work)));
    Json list = Json::array();
    for (auto note = notes.rbegin(); note != notes.rend() && list.size() < kMaxRecalled; ++note) {
      list.push_back({{"text", note->text}, {"run", note->run_id}, {"written_ms", note->written_ms}});
    }
    co_return ToolOutcome{.result = {{"notes", std::move(list)}}};
  }

 private:
  const Spec spec_ = make_recall_spec();
  memory::Store& store_;
  BlockingPool& pool_;
};

}  // namespace

std::unique_ptr<Tool> make_remember(memory::Store& store, BlockingPool& pool) {
  return std::make_unique<Remember>(store, pool);
}

std::unique_ptr<Tool> make_recall(memory::Store& store, BlockingPool& pool) {
  return std::make_unique<Recall>(store, pool);
}

}  // namespace lyceum::tools
