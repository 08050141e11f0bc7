#include "cli/command_line.hpp"

#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/log.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/eval.hpp"
#include "cli/commands/eval_model.hpp"
#include "cli/commands/model_bench.hpp"
#include "cli/commands/model_inspect.hpp"
#include "cli/commands/model_logits.hpp"
#include "cli/commands/model_quantise.hpp"
#include "cli/commands/run_viewer.hpp"
#include "cli/commands/serve.hpp"
#include "cli/commands/train.hpp"
#include "cli/commands/train_curves.hpp"
#include "cli/commands/train_data.hpp"
#include "cli/configuration.hpp"
#include "cli/session.hpp"
#include "model/language_model.hpp"

namespace lyceum::cli {
namespace {

/// Talks to the service.
using Command = std::function<Task<int>(CommandContext)>;
/// Does its work in this process, or is the service.
using LocalCommand = std::function<int(const Configuration&)>;

/// What the command line asked for. CLI11 writes into it, so it stays where it is.
struct Request {
  std::string config_file{};
  std::map<std::string, std::string> flags{};
  bool prints_config = false;
  bool is_json = false;
  bool prints_url = false;
  LocalCommand local_command{};
  Command command{};

  AskOptions ask{};
  std::string approve = "ask";
  BatchOptions batch{};
  IngestOptions ingest{};
  SearchOptions search{};
  ExportOptions exported{};
  DeepSearchEvalOptions eval{};
  ModelEvalOptions model_eval{};
  TrainOptions train{};
  model::ExportRequest checkpoint_export{};
  TrainCurvesOptions train_curves{};
  TrainDataOptions train_data{};
  ModelBenchOptions model_bench{};
  ModelLogitsOptions logits{};
  model::QuantizeRequest quantise{};
  std::string model_file{};
  std::string run{};
  std::string hold{};
  std::string text{};
  std::uint32_t limit = 20;
  std::uint64_t at_seq = 0;
};

void set_command(CLI::App& app, Request& request, const Command& command) {
  app.callback([&request, command] { request.command = command; });
}

void set_local_command(CLI::App& app, Request& request, const LocalCommand& command) {
  app.callback([&request, command] { request.local_command = command; });
}

void add_configuration_flags(CLI::App& app, Request& request) {
  app.add_option("--config", request.config_file,
                 "Configuration file (default: $XDG_CONFIG_HOME/lyceum/config.json, then ./lyceum.json)");
  app.add_flag("--print-config", request.prints_config,
               "Print the effective configuration and where each value comes from");
  for (const Setting& setting : all_settings()) {
    std::string names = setting.flag_name();
    if (setting.key == "data_dir") names += ",--data";
    if (setting.key == "model.device") names += ",--device";
    if (setting.key == "model.device_memory_gb") names += ",--device-memory";
    const auto take = [&request, key = setting.key](const std::string& value) { request.flags[key] = value; };
    app.add_option_function<std::string>(names, take, setting.help + " (" + setting.environment_name() + ")")
        ->group("Configuration")
        ->type_name("VALUE")
        ->take_last();
  }
}

void add_serve(CLI::App& app, Request& request) {
  CLI::App* serve_app = app.add_subcommand("serve", "Serve the page and the HTTP interface until stopped");
  serve_app->add_flag("--print-url", request.prints_url,
                      "Print the page's address with the credential when ready");
  set_local_command(*serve_app, request, [&request](const Configuration& configuration) {
    return serve(configuration, request.prints_url || terminal_of(STDOUT_FILENO).is_terminal);
  });
}

void add_ask(CLI::App& app, Request& request) {
  CLI::App* ask_app = app.add_subcommand("ask", "Ask a question and watch how it is answered");
  ask_app->add_option("question", request.ask.question, "The question")->required();
  ask_app->add_option("-c,--collection", request.ask.collections,
                      "Collection to look in; may be given again (default: all)");
  ask_app->add_flag("--review-plan", request.ask.review_plan, "Wait for a person's approval of the plan");
  ask_app->add_option("--approve", request.approve, "Actions with a risk: ask a person, or approve all")
      ->check(CLI::IsMember({"ask", "all"}));
  ask_app->add_option("--agent", request.ask.agent, "Leading agent");
  ask_app->add_option("--time-limit", request.ask.time_s, "Seconds; 0: none");
  ask_app->add_option("--tool-calls", request.ask.tool_calls, "Most tool calls; 0: no limit");
  ask_app
      ->add_option("--contrast", request.ask.contrast,
                   "0 to 4: how far an answer is drawn toward what the sources say and away from what the "
                   "model remembers; for a model in the process, at twice the computing")
      ->check(CLI::Range(0.0, model::kMaxContrast));
  ask_app->callback([&request] {
    request.ask.approve_all = request.approve == "all";
    request.command = [&request](CommandContext context) { return ask(context, request.ask); };
  });
}

void add_batch(CLI::App& app, Request& request) {
  CLI::App* batch_app = app.add_subcommand(
      "batch", "Ask every question of a JSON Lines file; started again, it goes on where it stopped");
  batch_app
      ->add_option("tasks", request.batch.tasks_file,
                   "Lines of {\"question\", \"id\"?, \"collections\"?, \"agent\"?, \"budget\"?, "
                   "\"contrast\"?}")
      ->required();
  batch_app->add_option("-o,--output", request.batch.results_file, "Results, one line a task, as they come")
      ->required();
  batch_app->add_option("--concurrency", request.batch.concurrency, "Tasks at once")
      ->check(CLI::Range(1, 64));
  batch_app
      ->add_option("--approve", request.approve, "Actions with a risk: wait for a person, or approve all")
      ->check(CLI::IsMember({"ask", "all"}));
  batch_app->callback([&request] {
    request.batch.approve_all = request.approve == "all";
    request.command = [&request](CommandContext context) { return batch(context, request.batch); };
  });
}

void add_documents(CLI::App& app, Request& request) {
  CLI::App* ingest_app = app.add_subcommand("ingest", "Add files and folders to a collection");
  ingest_app->add_option("paths", request.ingest.paths, "Files and folders")->required();
  ingest_app->add_option("-c,--collection", request.ingest.collection, "Collection")->required();
  set_command(*ingest_app, request,
              [&request](CommandContext context) { return ingest(context, request.ingest); });

  CLI::App* search_app = app.add_subcommand("search", "Search the documents");
  search_app->add_option("query", request.search.query, "What to look for")->required();
  search_app->add_option("-c,--collection", request.search.collection,
                         "Collection to look in (default: all)");
  search_app->add_option("--limit", request.search.limit, "Most hits")->check(CLI::Range(1, 200));
  set_command(*search_app, request,
              [&request](CommandContext context) { return search(context, request.search); });

  CLI::App* collections_app = app.add_subcommand("collections", "List the collections");
  set_command(*collections_app, request, [](CommandContext context) { return list_collections(context); });
}

/// A subcommand of `runs` that takes a run's id.
CLI::App* add_run_command(CLI::App& runs_app, Request& request, const char* name, const char* help,
                          const Command& command) {
  CLI::App* app = runs_app.add_subcommand(name, help);
  app->add_option("run", request.run, "The run's id")->required();
  set_command(*app, request, command);
  return app;
}

void add_decision(CLI::App& runs_app, Request& request, const char* name, const char* help) {
  const std::string decision = name;
  CLI::App* app =
      add_run_command(runs_app, request, name, help, [&request, decision](CommandContext context) {
        return decide(context, request.run, request.hold, decision, request.text);
      });
  app->add_option("--hold", request.hold, "The hold's id (default: the only open one)");
  CLI::Option* text = app->add_option("--text", request.text, "The answer, or a comment");
  if (decision == "answer") text->required();
}

void add_runs(CLI::App& app, Request& request) {
  CLI::App* runs_app = app.add_subcommand("runs", "List, watch and steer runs");
  runs_app->require_subcommand(1);
  CLI::App* list_app = runs_app->add_subcommand("list", "The newest runs");
  list_app->add_option("--limit", request.limit, "Most runs")->check(CLI::Range(1, 100));
  set_command(*list_app, request,
              [&request](CommandContext context) { return list_runs(context, request.limit); });
  add_run_command(*runs_app, request, "show", "A run's state and report",
                  [&request](CommandContext context) { return show_run(context, request.run); });
  add_run_command(*runs_app, request, "watch", "Watch a run to its end",
                  [&request](CommandContext context) { return view_run(context, request.run, false); });
  for (const char* verb : {"pause", "resume", "cancel"}) {
    add_run_command(
        *runs_app, request, verb, "…at its next action",
        [&request, verb](CommandContext context) { return steer_run(context, request.run, verb); });
  }
  add_decision(*runs_app, request, "approve", "Approve what a run waits for");
  add_decision(*runs_app, request, "deny", "Deny what a run waits for");
  add_decision(*runs_app, request, "answer", "Answer a run's question");
  CLI::App* fork_app = add_run_command(
      *runs_app, request, "fork", "Continue a copy of a run from one of its events",
      [&request](CommandContext context) { return fork_run(context, request.run, request.at_seq); });
  fork_app->add_option("--at", request.at_seq, "Sequence number of the event")->required();
  add_run_command(*runs_app, request, "delete", "Delete a run that is over",
                  [&request](CommandContext context) { return delete_run(context, request.run); });
}

void add_export(CLI::App& app, Request& request) {
  CLI::App* export_app = app.add_subcommand("export", "Write a run's report, state or events");
  export_app->add_option("run", request.exported.run, "The run's id")->required();
  export_app->add_option("--format", request.exported.format, "markdown, json or events")
      ->check(CLI::IsMember({"markdown", "json", "events"}));
  export_app->add_option("-o,--output", request.exported.output_file, "File (default: standard output)");
  set_command(*export_app, request,
              [&request](CommandContext context) { return export_run(context, request.exported); });
}

void add_eval(CLI::App& app, Request& request) {
  CLI::App* eval_app = app.add_subcommand("eval", "Measure an agent on a question set");
  eval_app->require_subcommand(1);
  CLI::App* deep_app = eval_app->add_subcommand(
      "deep-search", "Deep search on SQuAD, HotpotQA or MuSiQue files (.jsonl, .jsonl.xz)");
  deep_app->add_option("--data", request.eval.data, "Folder with paragraphs and questions")->required();
  deep_app->add_option("--unanswerable", request.eval.unanswerable,
                       "Folder whose questions the first folder cannot answer");
  deep_app->add_option("--split", request.eval.split, "test or train")
      ->check(CLI::IsMember({"test", "train"}));
  deep_app->add_option("--limit", request.eval.limit, "Most questions");
  deep_app->add_flag("--direct", request.eval.is_direct, "Without a planner and its event log");
  set_local_command(*deep_app, request, [&request](const Configuration& configuration) {
    return eval_deep_search(configuration, request.eval, request.is_json);
  });
  CLI::App* model_app = eval_app->add_subcommand(
      "model", "The model's verbs on public sets, beside the model without a network");
  model_app->add_option("--data", request.model_eval.data, "Folder of the sets")->required();
  model_app->add_option("--limit", request.model_eval.limit, "Most cases a task")
      ->check(CLI::Range(1, 1'000'000));
  model_app->add_option("--task", request.model_eval.tasks,
                        "Only tasks whose names begin so; may be given again");
  set_local_command(*model_app, request, [&request](const Configuration& configuration) {
    return eval_model(configuration, request.model_eval, request.is_json);
  });
}

void add_checkpoint_export(CLI::App& train_app, Request& request) {
  model::ExportRequest& options = request.checkpoint_export;
  CLI::App* export_app = train_app.add_subcommand("export", "Write a checkpoint as a GGUF model file");
  export_app->add_option("checkpoint", options.checkpoint, "The checkpoint")->required();
  export_app->add_option("-o,--output", options.output, "The file to write")->required();
  export_app->add_option("--type", options.type, "One of " + model::quantization_types());
  export_app->add_option("--tokenizer", options.tokenizer, "The tokenizer.json of the training data");
  export_app->add_option("--experts", options.num_experts_used,
                         "Experts a token uses unless a request asks otherwise");
  export_app->add_option("--blend", options.blend,
                         "A JSON file: which tasks the model answers alone or with the lexical one");
  export_app->add_option("--vectors", options.vectors,
                         "A file of `train vectors`: which words mean alike, for the rules beside the model");
  export_app->add_option("--name", options.name, "The model's name");
  export_app->add_option("--license", options.license, "The licence it may be passed on under");
  export_app->add_option("--description", options.description, "What it was trained on");
  set_local_command(*export_app, request, [&request](const Configuration&) {
    return export_checkpoint(request.checkpoint_export);
  });
}

void add_train(CLI::App& app, Request& request) {
  CLI::App* train_app = app.add_subcommand("train", "Train a model, or make what it is trained from");
  train_app->require_subcommand(0, 1);
  train_app->add_option("--config", request.train.config,
                        "What to train, on what and for how long, a JSON file");
  train_app->add_flag("--resume", request.train.resumes,
                      "Go on from the newest checkpoint of the run's folder");
  train_app->callback([&request, train_app] {
    if (!train_app->get_subcommands().empty()) return;
    if (request.train.config.empty()) throw CLI::RequiredError("--config");
    request.local_command = [&request](const Configuration&) { return train_model(request.train); };
  });
  add_checkpoint_export(*train_app, request);
  CLI::App* curves_app =
      train_app->add_subcommand("curves", "Show how a run went: loss, and how evenly experts were used");
  curves_app->add_option("run", request.train_curves.run, "The run's folder")->required();
  curves_app->add_option("--rows", request.train_curves.rows, "How many rows")->check(CLI::Range(1, 1000));
  set_local_command(*curves_app, request, [&request](const Configuration&) {
    return train_curves(request.train_curves, request.is_json);
  });
  const auto add = [&](const char* name, const char* help, const char* output) {
    CLI::App* part = train_app->add_subcommand(name, help);
    part->add_option("--config", request.train_data.config, "What to make it of, a JSON file")->required();
    part->add_option("--data", request.train_data.data, "Folder of data sets")->required();
    part->add_option("-o,--output", request.train_data.output, output)->required();
    return part;
  };
  CLI::App* tokenizer_app = add("tokenizer", "Train a byte-level tokenizer", "File: tokenizer.json");
  set_local_command(*tokenizer_app, request,
                    [&request](const Configuration&) { return train_tokenizer(request.train_data); });
  CLI::App* data_app = add("data", "Build training and validation files", "Folder");
  data_app->add_option("--tokenizer", request.train_data.tokenizer, "tokenizer.json, or a GGUF file")
      ->required();
  set_local_command(*data_app, request, [&request](const Configuration&) {
    return train_data(request.train_data, request.is_json);
  });
  CLI::App* vectors_app = train_app->add_subcommand("vectors", "Learn which tokens and words mean alike");
  vectors_app->add_option("--data", request.train_data.data, "Folder that `train data` wrote")->required();
  vectors_app->add_option("--tokenizer", request.train_data.tokenizer, "tokenizer.json, or a GGUF file")
      ->required();
  vectors_app->add_option("-o,--output", request.train_data.output, "GGUF file of both kinds of vectors")
      ->required();
  set_local_command(*vectors_app, request, [&request](const Configuration&) {
    return train_vectors(request.train_data, request.is_json);
  });
}

void add_model(CLI::App& app, Request& request) {
  CLI::App* model_app = app.add_subcommand("model", "Look into model files");
  model_app->require_subcommand(1);
  CLI::App* inspect_app = model_app->add_subcommand(
      "inspect", "Print a file's architecture, parameters, memory, types and tokenizer");
  inspect_app->add_option("file", request.model_file, "A GGUF file or a Hugging Face folder")->required();
  set_local_command(*inspect_app, request, [&request](const Configuration&) {
    return inspect_model(request.model_file, request.is_json);
  });
  CLI::App* bench_app =
      model_app->add_subcommand("bench", "Measure a file's speed here, beside what the memory gives");
  bench_app->add_option("file", request.model_bench.file, "A GGUF file or a Hugging Face folder")->required();
  bench_app
      ->add_option("--threads", request.model_bench.request.thread_counts,
                   "Numbers of threads, as in 1,2 (default: one, and one a processor)")
      ->delimiter(',');
  bench_app->add_option("--prefill", request.model_bench.request.prefill_length, "Tokens of the prompt");
  set_local_command(*bench_app, request, [&request](const Configuration&) {
    return bench_model(request.model_bench, request.is_json);
  });
  CLI::App* logits_app = model_app->add_subcommand(
      "logits", "Print the logits after a prompt, to compare with another engine (slow and exact)");
  logits_app->add_option("file", request.logits.file, "A GGUF file or a Hugging Face folder")->required();
  CLI::Option_group* prompt = logits_app->add_option_group("prompt");
  prompt->add_option("--tokens", request.logits.request.tokens, "Token ids, as in 1,2,3")->delimiter(',');
  prompt->add_option("--prompt", request.logits.request.prompt, "A text, through the file's tokenizer");
  prompt->require_option(1);
  logits_app->add_option("--greedy", request.logits.request.num_greedy, "Tokens to continue with");
  set_local_command(*logits_app, request, [&request](const Configuration&) {
    return model_logits(request.logits, request.is_json);
  });
  CLI::App* quantise_app =
      model_app->add_subcommand("quantise", "Write a model as GGUF with its weights in another type");
  quantise_app->add_option("input", request.quantise.input, "A GGUF file or a Hugging Face folder")
      ->required();
  quantise_app->add_option("-o,--output", request.quantise.output, "The file to write")->required();
  quantise_app->add_option("--type", request.quantise.type, "One of " + model::quantization_types())
      ->required();
  quantise_app->add_flag("--force", request.quantise.may_replace, "Replace the output where it exists");
  set_local_command(*quantise_app, request, [&request](const Configuration&) {
    return quantise_model(request.quantise, request.is_json);
  });
}

Result<Configuration> configuration_of(const Request& request) {
  ConfigurationSources sources{.environment = lyceum_environment(), .flags = request.flags};
  TRY_OK(read_configuration_file_blocking(request.config_file, sources));
  return sources.resolve();
}

int run_request(const Request& request) {
  const auto configuration = configuration_of(request);
  if (!configuration) {
    report(configuration.error());
    return kExitUsage;
  }
  if (const auto level = parse_log_level(configuration->string("log_level"))) set_log_level(*level);
  if (request.prints_config) {
    std::cout << configuration->describe().dump(2) << "\n";
    return kExitOk;
  }
  if (request.local_command) return request.local_command(*configuration);
  auto session = Session::open_blocking(*configuration);
  if (!session) return report(session.error());
  const CommandContext context{(*session)->api(), (*session)->ids(), terminal_of(STDOUT_FILENO),
                               request.is_json};
  return (*session)->run(request.command(context));
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Lyceum: question answering by agents that show, cite and can be steered");
  Request request;
  app.set_version_flag("--version", "lyceum " LYCEUM_VERSION);
  app.add_flag("--json", request.is_json, "JSON Lines on standard output");
  app.fallthrough();
  add_configuration_flags(app, request);
  add_serve(app, request);
  add_ask(app, request);
  add_batch(app, request);
  add_documents(app, request);
  add_runs(app, request);
  add_export(app, request);
  add_eval(app, request);
  add_model(app, request);
  add_train(app, request);
  app.footer(
      "Every command but serve, eval, train and model talks to the service that has the data folder open, or "
      "starts one for itself.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  const bool has_command = request.local_command || request.command;
  if (!has_command && !request.prints_config) {
    std::cerr << app.help();
    return kExitUsage;
  }
  return run_request(request);
}

}  // namespace lyceum::cli
