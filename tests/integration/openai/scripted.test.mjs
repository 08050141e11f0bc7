// OpenAI's own client against a model that answers by rules (tests/support/scripted_chat_model.hpp).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { chunksOf, clientOf, joined, openai, startService } from "./client.mjs";

const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    strict: true,
  },
};
const clock = { type: "function", function: { name: "clock", parameters: { type: "object", properties: {} } } };
const say = (content) => [{ role: "user", content }];

describe("OpenAI's client with a scripted model", { skip: !openai && "the openai package is not installed" }, () => {
  let client;
  let service;
  before(async () => {
    service = await startService(process.env.SCRIPTED_SERVICE);
    client = clientOf(service.address);
  });
  after(() => service?.stop());
  const model = "scripted-1";

  test("models", async () => {
    const models = [];
    for await (const one of client.models.list()) models.push(one.id);
    assert.deepEqual(models, [model]);
    assert.equal((await client.models.retrieve(model)).object, "model");
    await assert.rejects(client.models.retrieve("gpt-4o"), openai.NotFoundError);
  });

  test("chat", async () => {
    const answer = await client.chat.completions.create({ model, messages: say("hello there"), temperature: 0 });

    assert.equal(answer.object, "chat.completion");
    assert.equal(answer.choices[0].message.content, "You said: hello there");
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.deepEqual(
      [answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens],
      [2, 4, 6],
    );
  });

  test("several choices, a stop string and a limit", async () => {
    const { choices } = await client.chat.completions.create({ model, messages: say("a b c"), n: 2, stop: " c" });
    assert.deepEqual(
      choices.map(({ message }) => message.content),
      ["You said: a b", "You said: a b"],
    );
    const cut = await client.chat.completions.create({ model, messages: say("a b c"), max_completion_tokens: 3 });
    assert.equal(cut.choices[0].finish_reason, "length");
    assert.equal(cut.choices[0].message.content, "You said: a");
  });

  test("streaming", async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: say("hello"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await chunksOf(stream);

    assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.deepEqual(joined(chunks), { content: "You said: hello", calls: [], reasons: ["stop"] });
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.total_tokens, 4);
    assert.ok(chunks.slice(0, -1).every(({ usage }) => usage === null));
  });

  test("the client's own stream helper puts the answer together", async () => {
    const stream = client.chat.completions.stream({ model, messages: say("the weather?"), tools: [weather] });
    const answer = await stream.finalChatCompletion();

    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    assert.equal(answer.choices[0].message.tool_calls[0].function.name, "weather");
    assert.deepEqual(answer.choices[0].message.tool_calls[0].function.parsed_arguments, { city: "Brest" });
  });

  test("tools, and the conversation that goes on after them", async () => {
    const request = { model, messages: say("weather and clock, please"), tools: [weather, clock] };
    const { choices } = await client.chat.completions.create(request);
    const { message } = choices[0];
    assert.equal(choices[0].finish_reason, "tool_calls");
    assert.equal(message.content, null);
    assert.deepEqual(
      message.tool_calls.map((call) => [call.type, call.function.name, call.function.arguments]),
      [
        ["function", "weather", '{"city":"Brest"}'],
        ["function", "clock", "{}"],
      ],
    );

    const results = message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "fine" }));
    const messages = [...request.messages, message, ...results];
    const after = await client.chat.completions.create({ ...request, messages });
    assert.equal(after.choices[0].message.content, "You said: fine");

    const one = await client.chat.completions.create({ ...request, parallel_tool_calls: false });
    assert.equal(one.choices[0].message.tool_calls.length, 1);
    const none = await client.chat.completions.create({ ...request, tool_choice: "none" });
    assert.equal(none.choices[0].message.tool_calls, undefined);
    const tool_choice = { type: "function", function: { name: "clock" } };
    const named = await client.chat.completions.create({ ...request, messages: say("hello"), tool_choice });
    assert.equal(named.choices[0].message.tool_calls[0].function.name, "clock");
  });

  test("tool calls in a stream", async () => {
    const messages = say("weather and clock");
    const chunks = await chunksOf(
      await client.chat.completions.create({ model, messages, tools: [weather, clock], stream: true }),
    );

    const { calls, reasons } = joined(chunks);
    assert.deepEqual(
      calls.map((call) => [call.name, call.arguments]),
      [
        ["weather", '{"city":"Brest"}'],
        ["clock", "{}"],
      ],
    );
    assert.ok(calls.every(({ id }) => id !== ""));
    assert.deepEqual(reasons, ["tool_calls"]);
  });

  test("answers that follow a JSON Schema", async () => {
    const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const answer = await client.chat.completions.parse({
      model,
      messages: say("where?"),
      response_format: { type: "json_schema", json_schema: { name: "place", schema, strict: true } },
    });
    assert.deepEqual(answer.choices[0].message.parsed, { city: "Brest" });

    const free = await client.chat.completions.create({
      model,
      messages: say("where?"),
      response_format: { type: "json_object" },
    });
    assert.deepEqual(JSON.parse(free.choices[0].message.content), { said: "yes" });
  });

  test("logprobs, whole and in a stream", async () => {
    const request = { model, messages: say("hello"), logprobs: true, top_logprobs: 2 };
    const { choices } = await client.chat.completions.create(request);
    const { content } = choices[0].logprobs;
    assert.deepEqual(
      content.map(({ token }) => token),
      ["You", " said:", " hello"],
    );
    assert.equal(content[1].logprob, -0.25);
    assert.deepEqual(content[0].bytes, [89, 111, 117]);
    assert.equal(content[0].top_logprobs.length, 2);

    const chunks = await chunksOf(await client.chat.completions.create({ ...request, stream: true }));
    const streamed = chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? []);
    assert.deepEqual(streamed, content);
  });

  test("embeddings, which the client asks for in base64", async () => {
    const { data, usage } = await client.embeddings.create({ model, input: ["c", "a b"] });
    assert.equal(data.length, 2);
    assert.equal(data[0].embedding.length, 4);
    assert.ok(Math.abs(data[0].embedding[0] - Math.cos(1)) < 1e-6);
    assert.equal(usage.prompt_tokens, 3);

    const floats = await client.embeddings.create({ model, input: "c", encoding_format: "float" });
    assert.ok(Math.abs(floats.data[0].embedding[1] - Math.sin(1)) < 1e-6);
    await assert.rejects(client.embeddings.create({ model, input: "c", dimensions: 8 }), {
      status: 400,
      param: "dimensions",
    });
  });

  test("errors are the client's own classes, with the field", async () => {
    const create = (more) => client.chat.completions.create({ model, messages: say("hello"), ...more });

    await assert.rejects(clientOf(service.address, { apiKey: "not the token" }).models.list(), openai.AuthenticationError);
    await assert.rejects(create({ model: "gpt-4o" }), { status: 404, code: "model_not_found", param: "model" });
    await assert.rejects(create({ temperature: 7 }), { status: 400, param: "temperature" });
    await assert.rejects(create({ store: true }), { status: 400, param: "store", code: "unsupported_value" });
    await assert.rejects(create({ colour: "blue" }), { status: 400, param: "colour" });
    await assert.rejects(create({ messages: say("fail with overloaded") }), openai.RateLimitError);
    await assert.rejects(create({ messages: say("fail with unavailable") }), openai.InternalServerError);
    await assert.rejects(create({ messages: say("w ".repeat(600)) }), {
      status: 400,
      code: "context_length_exceeded",
    });
    const late = await create({ messages: say("fail late"), stream: true });
    await assert.rejects(chunksOf(late), /gone/);
  });

  test("a request that cannot succeed is not repeated, a refusal for now is", async () => {
    const patient = clientOf(service.address, { maxRetries: 1 });
    const tries = [];
    const counting = patient.withOptions({
      fetch: (url, init) => {
        tries.push(url);
        return fetch(url, init);
      },
    });
    const create = (content) => counting.chat.completions.create({ model, messages: say(content) });

    await assert.rejects(create("fail with internal"));
    assert.equal(tries.length, 1);
    await assert.rejects(create("fail with overloaded"));
    assert.equal(tries.length, 3);
  });

  test("a client that stops reading ends the generation, and the next one is served", async () => {
    const stream = await client.chat.completions.create({ model, messages: say("wait"), stream: true });
    for await (const chunk of stream) if (joined([chunk]).content === "You") break;

    const next = await client.chat.completions.create({ model, messages: say("hello") });
    assert.equal(next.choices[0].message.content, "You said: hello");
  });
});
