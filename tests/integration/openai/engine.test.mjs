// OpenAI's own client against a tiny model that the service computes itself: its words mean nothing, its form must hold.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chunksOf, clientOf, joined, openai, startService } from "./client.mjs";

const file = fileURLToPath(new URL("../../../../shared/models/tiny-qwen3moe-q8_0.gguf", import.meta.url));
const missing = !openai ? "the openai package is not installed" : !existsSync(file) && `there is no ${file}`;

const schema = {
  type: "object",
  properties: { answer: { enum: ["yes", "no"] }, sure: { type: "boolean" } },
  required: ["answer", "sure"],
  additionalProperties: false,
};
const decide = { type: "function", function: { name: "decide", parameters: schema, strict: true } };
const messages = [{ role: "user", content: "Is the sea wet?" }];

describe("OpenAI's client with the engine", { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), "lyceum-openai-"));
  let service;
  let client;
  let model;
  before(async () => {
    const { PATH } = process.env;
    const env = { PATH, HOME: folder, LYCEUM_MODEL: `engine:${file}` };
    const args = ["serve", "--data", join(folder, "data"), "--port", "0", "--print-url"];
    service = await startService(process.env.LYCEUM_PROGRAM, args, env);
    client = clientOf(service.address);
    model = (await client.models.list()).data[0].id;
  });
  after(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = (more) => client.chat.completions.create({ model, messages, max_tokens: 24, ...more });
  const textOf = ({ choices }) => choices[0].message.content;

  test("the same seed gives the same text, whole or in a stream, alone or among choices", async () => {
    const alone = await create({ seed: 7 });
    assert.ok(alone.usage.completion_tokens <= 24);
    assert.equal(textOf(await create({ seed: 7 })), textOf(alone));

    const chunks = await chunksOf(await create({ seed: 7, stream: true }));
    assert.equal(joined(chunks).content, textOf(alone));
    assert.deepEqual(joined(chunks).reasons, [alone.choices[0].finish_reason]);

    const { choices } = await create({ seed: 6, n: 2 });
    assert.equal(choices[1].message.content, textOf(alone));
  });

  test("logprobs are those of the greedy choice", async () => {
    const { choices } = await create({ temperature: 0, logprobs: true, top_logprobs: 3, max_tokens: 8 });
    for (const { logprob, top_logprobs } of choices[0].logprobs.content) {
      assert.equal(top_logprobs.length, 3);
      assert.equal(top_logprobs[0].logprob, logprob);
      assert.ok(logprob <= 0 && top_logprobs[1].logprob <= logprob);
    }
  });

  test("a text ends before its stop string", async () => {
    const whole = textOf(await create({ seed: 1 }));
    const stop = whole.slice(4, 6);
    assert.equal(textOf(await create({ seed: 1, stop })), whole.slice(0, whole.indexOf(stop)));
  });

  test("an answer under a schema is valid JSON", async () => {
    const response_format = { type: "json_schema", json_schema: { name: "verdict", schema, strict: true } };
    const answer = await client.chat.completions.parse({ model, messages, response_format, max_tokens: 64 });

    assert.match(answer.choices[0].message.parsed.answer, /^(yes|no)$/);
    assert.equal(typeof answer.choices[0].message.parsed.sure, "boolean");
  });

  test("a required tool is called with arguments of its schema, whole and in a stream", async () => {
    const request = { tools: [decide], tool_choice: "required", max_tokens: 96, seed: 3 };
    const { choices } = await create(request);
    assert.equal(choices[0].finish_reason, "tool_calls");
    const call = choices[0].message.tool_calls[0];
    assert.equal(call.function.name, "decide");
    assert.match(JSON.parse(call.function.arguments).answer, /^(yes|no)$/);

    const streamed = joined(await chunksOf(await create({ ...request, stream: true })));
    assert.equal(streamed.calls[0].arguments, call.function.arguments);
    assert.deepEqual(streamed.reasons, ["tool_calls"]);
  });

  test("embeddings have length one", async () => {
    const { data } = await client.embeddings.create({ model, input: ["the sea", "a lamp"] });
    assert.equal(data.length, 2);
    for (const { embedding } of data) {
      const square = embedding.reduce((sum, value) => sum + value * value, 0);
      assert.ok(Math.abs(square - 1) < 1e-4, `${square}`);
    }
  });

  test("a prompt over the context says both numbers", async () => {
    const long = [{ role: "user", content: "sea ".repeat(20_000) }];
    await assert.rejects(create({ messages: long }), { status: 400, code: "context_length_exceeded" });
  });

  test("the model's page has its figures", async () => {
    const response = await fetch(new URL("/api/model", client.baseURL), {
      headers: { Authorization: `Bearer ${client.apiKey}` },
    });
    const { engine } = await response.json();
    assert.equal(engine.architecture, "qwen3moe");
    assert.ok(engine.live.decode_tokens > 0);
    assert.equal(engine.live.expert_tokens.length, engine.layers);
  });
});
