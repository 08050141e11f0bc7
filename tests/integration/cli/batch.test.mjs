import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { jsonLines, makeFolder, run, start } from "./program.mjs";

const questions = [
  "Who finished the lighthouse of Kellin?",
  "How high is the lighthouse of Kellin?",
  "Who is the mayor of Port Saren?",
  "How many people live in Port Saren?",
];

function results(folder) {
  const path = join(folder, "results.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

test("every good line gets one result, a bad one is named, and the exit code tells", async (t) => {
  const folder = makeFolder(t);
  await run(folder, ["ingest", "docs", "-c", "towns"]);
  const tasks = [{ id: "a", question: questions[0] }, { question: questions[2], collections: ["towns"] }];
  writeFileSync(join(folder, "tasks.jsonl"), `${JSON.stringify(tasks[0])}\nnonsense\n\n${JSON.stringify(tasks[1])}\n`);

  const done = await run(folder, ["batch", "tasks.jsonl", "-o", "results.jsonl"]);

  assert.equal(done.code, 1);
  assert.match(done.err, /line 2: bad line/);
  const lines = jsonLines(results(folder)).sort((a, b) => a.line - b.line);
  assert.deepEqual(
    lines.map(({ line, id, ok }) => ({ line, id, ok })),
    [
      { line: 1, id: "a", ok: true },
      { line: 4, id: null, ok: true },
    ],
  );
  const [cited] = lines[0].answer.sentences[0].citations;
  assert.match(lines[0].evidence[cited].quote, /Marta Oyelaran/);
});

test("a batch that is killed again and again does each task once", async (t) => {
  const folder = makeFolder(t);
  await run(folder, ["ingest", "docs", "-c", "towns"]);
  const tasks = Array.from({ length: 12 }, (_, i) => JSON.stringify({ question: questions[i % questions.length], id: i }));
  writeFileSync(join(folder, "tasks.jsonl"), tasks.join("\n"));
  const command = ["batch", "tasks.jsonl", "-o", "results.jsonl", "--concurrency", "3"];

  let before = "";
  for (let kill = 0; kill < 3; ++kill) {
    const batch = start(folder, command);
    const limit = Date.now() + 60_000;
    // Killed as soon as it has got further than the last time.
    while (results(folder).length <= before.length && batch.child.exitCode === null && Date.now() < limit) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    batch.child.kill("SIGKILL");
    await batch.ended;
    const whole = results(folder);
    assert.ok(whole.startsWith(before), "what was done stays as it was");
    before = whole.slice(0, whole.lastIndexOf("\n") + 1);
  }
  const done = await run(folder, command);

  assert.equal(done.code, 0, done.err);
  const lines = jsonLines(results(folder));
  assert.deepEqual(
    lines.map(({ id }) => id).sort((a, b) => a - b),
    tasks.map((_, i) => i),
  );
  assert.ok(lines.every(({ ok }) => ok));
  const listed = jsonLines((await run(folder, ["runs", "list", "--limit", "100", "--json"])).out);
  assert.equal(listed.length, tasks.length, "no task was asked twice");

  const again = await run(folder, [...command, "--json"]);
  assert.equal(again.code, 0);
  assert.equal(jsonLines(results(folder)).length, tasks.length);
});

test("wrong input ends with 2: no such file, no good line, results of something else", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "bad.jsonl"), "nonsense\n");
  writeFileSync(join(folder, "other.jsonl"), '{"mine":1}\n');

  assert.equal((await run(folder, ["batch", "none.jsonl", "-o", "results.jsonl"])).code, 2);
  assert.equal((await run(folder, ["batch", "bad.jsonl", "-o", "results.jsonl"])).code, 2);
  const other = await run(folder, ["batch", "bad.jsonl", "-o", "other.jsonl"]);
  assert.equal(other.code, 2);
  assert.match(other.err, /other\.jsonl/);
  assert.equal(readFileSync(join(folder, "other.jsonl"), "utf8"), '{"mine":1}\n');
});

test("an interrupted batch says how it goes on and leaves with 130", async (t) => {
  const folder = makeFolder(t);
  const tasks = Array.from({ length: 40 }, (_, i) => JSON.stringify({ question: `${questions[i % 4]} ${i}` }));
  writeFileSync(join(folder, "tasks.jsonl"), tasks.join("\n"));
  const batch = start(folder, ["batch", "tasks.jsonl", "-o", "results.jsonl"]);
  while (results(folder) === "" && batch.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));

  batch.child.kill("SIGINT");
  const ended = await batch.ended;

  assert.equal(ended.code, 130);
  assert.match(ended.err, /the same command goes on/);
});
