// The real service over a tiny model: texts survive kill -9 and pauses at a token, experts are set on the way, and every token is shown.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { missing } from "../../support/tiny_model.mjs";
import { ofType, startService, written } from "./service.mjs";

const question = "Who finished the lighthouse of Kellin, and who keeps it?";
const document =
  "# Kellin\n\nThe lighthouse of Kellin was finished in 1871 by Marta Oyelaran.\n\nIts keeper is Ana Brandt.\n";

async function startWithDocument(t, model) {
  const service = await startService(t, model);
  await service.addDocument("kellin.md", document);
  return service;
}

const hasTokens = (events) => ofType(events, "gen.checkpoint").length > 0;

describe("texts of a model in the process", { skip: missing }, () => {
  test("after kill -9 in the middle of a text, paused or not, the run goes on at the token, to the same words", async (t) => {
    const undisturbed = await startWithDocument(t);
    const whole = await undisturbed.finish(await undisturbed.ask(question));
    await undisturbed.kill();
    assert.ok(written(whole).length > 0);

    const service = await startWithDocument(t);
    const run = await service.ask(question);
    await service.until(run, hasTokens);
    await service.kill();
    await service.launch();
    // Now held at a token, where it is killed once more.
    const before = ofType(await service.events(run), "gen.checkpoint").length;
    await service.until(run, (events) => ofType(events, "gen.checkpoint").length > before);
    await service.command(run, { type: "run.pause" });
    await service.kill();
    await service.launch();
    const held = ofType(await service.events(run), "gen.started").length;
    await service.command(run, { type: "run.resume" });
    const events = await service.finish(run);

    assert.deepEqual(written(events), written(whole));
    // No text was begun a second time.
    const begun = ofType(events, "gen.started").map(({ step, attempt, pos }) => `${step} ${attempt} ${pos}`);
    assert.equal(new Set(begun).size, begun.length);
    assert.equal(begun.length, ofType(whole, "gen.started").length);
    assert.ok(held >= 1);
    assert.ok(ofType(events, "run.recovered").length === 2);
  });

  test("every token of a text can be looked at, also after a restart; a lexical model says why not", async (t) => {
    const service = await startWithDocument(t);
    const run = await service.ask(question);
    const events = await service.finish(run);
    await service.kill();
    await service.launch();
    const started = ofType(events, "gen.started").at(-1);
    const { status, json } = await service.call(`/api/runs/${run}/generations/${started.seq}`);

    assert.equal(status, 200, JSON.stringify(json));
    const text = json.tokens.map((token) => token.text).join("");
    assert.ok(json.text.startsWith(text), `${json.text}\n${text}`);
    assert.equal(json.experts.tokens, json.tokens.length);
    for (const token of json.tokens) {
      assert.ok(token.logprob <= 0 && token.entropy >= 0 && token.top.length === 5);
      assert.equal(token.attention.length, json.sources.length);
      assert.ok(token.experts.every((layer) => layer.length === 2));
    }
    assert.ok(json.tokens.some((token) => token.attention.some((share) => share > 0)));
    const report = await service.call(`/api/runs/${run}/export?format=json`);
    assert.ok(report.json.experts.tokens > 0);
    assert.equal((await service.call(`/api/runs/${run}/generations/1`)).status, 404);
    assert.equal((await service.call(`/api/runs/${run}/generations/x`)).status, 422);
    await service.kill();

    const lexical = await startService(t, "lexical");
    const other = await lexical.ask(question);
    const refused = await lexical.command(other, { type: "experts.set", experts: 1 });
    assert.equal(refused.status, 415);
    assert.match(refused.json.error.message, /no experts/);
  });

  test("experts that a person sets hold from then on, in a fork too, and too many are refused", async (t) => {
    const service = await startWithDocument(t);
    const run = await service.ask(question);
    await service.until(run, hasTokens);
    const most = (await service.call("/api/model")).json.engine.experts_max;
    assert.equal((await service.command(run, { type: "experts.set", experts: most + 1 })).status, 422);
    assert.equal((await service.command(run, { type: "experts.set", experts: 1 })).status, 200);
    const events = await service.finish(run);
    const set = ofType(events, "experts.set");
    assert.equal(set.length, 1);
    const later = ofType(events, "gen.started").filter(({ seq }) => seq > set[0].seq);
    const uses = new Set();
    for (const { seq } of later) {
      const { json } = await service.call(`/api/runs/${run}/generations/${seq}`);
      for (const token of json.tokens) for (const layer of token.experts) uses.add(layer.length);
    }
    if (later.length > 0) assert.deepEqual([...uses], [1]);

    // A text under way takes the change at the token it is at: only where one begins is a fork sure to meet it.
    if (later.length === 0) return;
    const { json } = await service.post(`/api/runs/${run}/fork`, { at_seq: later[0].seq, paused: false });
    const child = await service.finish(json.run);
    assert.deepEqual(written(child), written(events));
  });

  test("an answer says how far each citation carries its sentence, as the model measures it", async (t) => {
    const service = await startWithDocument(t);
    const run = await service.ask(question);
    await service.until(run, (events) => events.some(({ type }) => type === "plan.patched"));
    await service.command(run, { type: "evidence.inject", text: "The keeper is Ana Brandt.", note: "seen" });
    const events = await service.finish(run);
    const sentences = ofType(events, "answer.proposed").at(-1)?.data.sentences ?? [];
    for (const sentence of sentences) {
      assert.equal(sentence.measured.gains.length, sentence.citations.length);
      assert.ok(sentence.measured.with_all < 0);
    }
    assert.equal(
      ofType(events, "action.observed").filter(({ data }) => data.name === "model.support").length,
      sentences.length,
    );
  });
});
