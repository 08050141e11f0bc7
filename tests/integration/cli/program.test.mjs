import assert from "node:assert/strict";
import { createServer } from "node:http";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { jsonLines, makeFolder, run, start } from "./program.mjs";

test("a wrong command line or configuration ends with 2 and names what is wrong", async (t) => {
  const folder = makeFolder(t);
  const unknownFlag = await run(folder, ["ask", "x", "--colection", "y"]);
  assert.equal(unknownFlag.code, 2);
  assert.match(unknownFlag.err, /--colection/);

  const contrast = await run(folder, ["ask", "x", "--contrast", "4.1"]);
  assert.equal(contrast.code, 2);
  assert.match(contrast.err, /--contrast.*not in range 0/);

  const unknownVariable = await run(folder, ["runs", "list"], { LYCEUM_PROT: "1" });
  assert.equal(unknownVariable.code, 2);
  assert.match(unknownVariable.err, /LYCEUM_PROT/);

  writeFileSync(join(folder, "lyceum.json"), JSON.stringify({ model: { provider: 3 } }));
  const wrongType = await run(folder, ["runs", "list"]);
  assert.equal(wrongType.code, 2);
  assert.match(wrongType.err, /model\.provider/);

  const nothing = await run(makeFolder(t), []);
  assert.equal(nothing.code, 2);
});

test("--print-config tells each value's origin and masks the credential", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "lyceum.json"), JSON.stringify({ port: 1234, log_level: "error" }));

  const printed = await run(folder, ["--print-config", "--log-level", "debug"], { LYCEUM_TOKEN: "a-very-secret-credential" });

  assert.equal(printed.code, 0);
  const config = JSON.parse(printed.out);
  assert.deepEqual(config.port, { value: 1234, origin: "file" });
  assert.deepEqual(config.log_level, { value: "debug", origin: "flag" });
  assert.equal(config.token.origin, "environment");
  assert.doesNotMatch(printed.out, /a-very-secret-credential/);
});

test("without a service the commands start one for themselves: ingest, search, ask, export", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "docs", "noise.bin"), Buffer.from([0, 255, 254, 0, 1, 2, 3, 0, 200]));

  const ingested = await run(folder, ["ingest", "docs", "-c", "towns", "--json"]);
  assert.equal(ingested.code, 0, ingested.err);
  const lines = jsonLines(ingested.out);
  assert.deepEqual(lines.at(-1).result.added, 2);
  assert.equal(lines.at(-1).result.skipped, 1);
  assert.ok(lines.some((line) => line.skipped === "docs/noise.bin"));

  const again = await run(folder, ["ingest", "docs", "-c", "towns", "--json"]);
  assert.equal(jsonLines(again.out).at(-1).result.unchanged, 2);

  const found = await run(folder, ["search", "mayor of Port Saren", "--json", "--limit", "1"]);
  assert.match(jsonLines(found.out)[0].text, /Ana Brandt/);

  const asked = await run(folder, ["ask", "Who finished the lighthouse of Kellin?", "-c", "towns", "--contrast", "1.5", "--json"]);
  assert.equal(asked.code, 0, asked.err);
  const events = jsonLines(asked.out);
  assert.equal(events[0].type, "run.submitted");
  assert.equal(events[0].data.contrast, 1.5);
  const { result, answer } = events.at(-1);
  assert.equal(result.phase, "terminal");
  assert.match(answer.sentences[0].text, /Marta Oyelaran/);

  const exported = await run(folder, ["export", result.run, "--format", "events"]);
  assert.equal(jsonLines(exported.out).length, result.seq);
});

test("the answer of ask carries numbered citations when people read it", async (t) => {
  const folder = makeFolder(t);
  await run(folder, ["ingest", "docs", "-c", "towns"]);

  const asked = await run(folder, ["ask", "Who finished the lighthouse of Kellin?"]);

  assert.equal(asked.code, 0, asked.err);
  assert.match(asked.out, /Marta Oyelaran\. .*\[1\]/);
  assert.match(asked.out, /^\[1\] “.*Marta Oyelaran/m);
});

test("serve prints one line, keeps the credential to its owner, serves the commands, and stops in order", async (t) => {
  const folder = makeFolder(t);
  const service = start(folder, ["serve", "--port", "0", "--print-url"]);
  const [, url, token] = await service.printed(/^(http:\/\/127\.0\.0\.1:\d+)\/#token=(\S+)\n$/);
  assert.equal(statSync(join(folder, "data", "token")).mode & 0o777, 0o600);
  assert.equal((await fetch(`${url}/api/runs`)).status, 401);

  const ingested = await run(folder, ["ingest", "docs/kellin.md", "-c", "towns"]);
  assert.equal(ingested.code, 0, ingested.err);
  const answer = await fetch(`${url}/api/collections`, { headers: { Authorization: `Bearer ${token}` } });
  assert.deepEqual(
    (await answer.json()).collections.map(({ name, documents }) => ({ name, documents })),
    [{ name: "towns", documents: 1 }],
  );

  const second = await run(folder, ["serve", "--port", "0"]);
  assert.equal(second.code, 1);

  service.child.kill("SIGTERM");
  const ended = await service.ended;
  assert.equal(ended.code, 0);
  assert.equal(existsSync(join(folder, "data", "server.json")), false);
  assert.doesNotMatch(ended.err, new RegExp(token));
});

test("a data folder that cannot be used is an error that names it", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "data"), "a file");

  const listed = await run(folder, ["runs", "list"]);

  assert.equal(listed.code, 1);
  assert.match(listed.err, /data/);
});

test("Ctrl-C cancels the run that ask follows", async (t) => {
  const folder = makeFolder(t);
  // A server that accepts and never answers keeps the run busy.
  const silent = createServer(() => {});
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const reached = new Promise((resolve) => silent.once("request", resolve));
  const host = `127.0.0.1:${silent.address().port}`;

  const asked = start(folder, ["ask", `What does http://${host}/page say?`, "--approve", "all", "--json"], {
    LYCEUM_EGRESS_ALLOWED_HOSTS: host,
  });
  await reached;
  asked.child.kill("SIGINT");
  const ended = await asked.ended;

  assert.equal(ended.code, 130);
  assert.equal(jsonLines(ended.out).at(-1).result.status, "cancelled");
});

test("an answer to a question of nobody: the commands say which run does not exist", async (t) => {
  const folder = makeFolder(t);

  const shown = await run(folder, ["runs", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]);

  assert.equal(shown.code, 1);
  assert.match(shown.err, /not_found/);
});
