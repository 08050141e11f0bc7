// Goal: a text of a model in the process goes on at the very token, wherever the service is killed.
// Method: a tiny model whose words mean nothing, but which gives the same tokens for the same prompt. One run is left
// alone; then the same question is asked on a fresh folder and the service killed with -9 at random moments, most of
// them within a text, until the run is over. Its texts must be those of the undisturbed run, token by token, and the
// service must show them token by token. The seed decides when it is killed.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { checkActions, checkLog, checkTexts } from "./checks.mjs";
import { SeededRandom } from "./random.mjs";
import { Service } from "./service.mjs";

const { values: options } = parseArgs({
  options: {
    program: { type: "string" },
    "model-writer": { type: "string" },
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const numKills = Number(options.kills);
const random = new SeededRandom(Number(options.seed));
const folder = mkdtempSync(join(tmpdir(), "lyceum-crash-texts-"));
const model = join(folder, "tiny.gguf");
const settleTimeoutMs = 240_000;
const question = "Who finished the lighthouse of Kellin, and how high is it?";
const document = "# Kellin\n\nThe lighthouse of Kellin was finished in 1871 by Marta Oyelaran. It is 41 metres high.\n";
console.log(`seed ${options.seed}, ${numKills} kills; repeat with --seed ${options.seed}`);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function started(name) {
  const data = join(folder, name);
  mkdirSync(data);
  const service = new Service(options.program, data, 0, `engine:${model}`);
  await launch(service);
  const added = await service.request("POST", "/api/documents?collection=all&source=kellin.md", document);
  if (added.status >= 300) throw new Error(`the document was refused: ${JSON.stringify(added)}`);
  const { body } = await service.request("POST", "/api/runs", { question, approvals: "auto" });
  return { service, run: body.run };
}

async function launch(service) {
  service.start();
  if (!(await service.ready)) throw new Error(`the service ended by itself while it started\n${service.logTail()}`);
}

async function eventsOf(service, run) {
  const events = [];
  for (;;) {
    const { body } = await service.request("GET", `/api/runs/${run}/events?after=${events.length}&limit=500`);
    if (body.events.length === 0) return events;
    events.push(...body.events);
  }
}

const isOver = (events) => events.at(-1)?.type === "run.finished";
const isWriting = (events) => [...checkTexts("", events).texts.values()].some(({ result }) => result === undefined);

/** The events once `isEnough(events)` holds or the run is over. */
async function until(service, run, isEnough) {
  const deadline = Date.now() + settleTimeoutMs;
  while (Date.now() < deadline) {
    const events = await eventsOf(service, run);
    if (isOver(events) || isEnough(events)) return events;
    await pause(5);
  }
  throw new Error(`run ${run} is not over after ${settleTimeoutMs / 1000} s`);
}

async function kill(service) {
  const ended = await service.kill();
  if (ended.signal !== "SIGKILL") throw new Error(`the service ended by itself: ${JSON.stringify(ended)}`);
}

/** What a run wrote, in the order of its calls, whatever the order in which they ended. */
function tokensOf({ texts }) {
  return [...texts.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { tokens, text }]) => ({ tokens, text }));
}

async function checkShown(service, run, texts) {
  const bad = [];
  for (const { seq, text, tokens } of texts.values()) {
    const { status, body } = await service.request("GET", `/api/runs/${run}/generations/${seq}`);
    // Of a text that was cut off within a character, the rest of it is no token's.
    const shown = (body.tokens ?? []).map((token) => token.text).join("").replace(/\uFFFD+$/, "");
    if (status !== 200 || body.tokens.length !== tokens.length || !text.startsWith(shown))
      bad.push(
        `run ${run}: the text of event ${seq}, ${tokens.length} tokens, is shown as ${status}, ` +
          `${body.tokens?.length} tokens: ${shown.slice(0, 300)}`,
      );
  }
  return bad;
}

/** One run with at most `kills` kills; returns {bad, kills, inTexts}. */
async function disturb(name, kills, whole) {
  const { service, run } = await started(name);
  let done = 0;
  let inTexts = 0;
  for (let events = []; done < kills && !isOver(events); ++done) {
    if (random.below(4) > 0) await until(service, run, isWriting);
    await pause(random.below(random.below(2) === 0 ? 20 : 400));
    await kill(service);
    await launch(service);
    events = await eventsOf(service, run);
    inTexts += isWriting(events) ? 1 : 0;
  }
  const events = await until(service, run, () => false);
  const { body: summary } = await service.request("GET", `/api/runs/${run}`);
  const texts = checkTexts(run, events);
  const bad = [...checkLog(run, events, summary), ...checkActions(run, events), ...texts.bad];
  if (JSON.stringify(tokensOf(texts)) !== JSON.stringify(tokensOf(whole)))
    bad.push(`run ${run}: its texts are not those of the run that was left alone`);
  bad.push(...(await checkShown(service, run, texts.texts)));
  await service.stop();
  return { bad, kills: done, inTexts };
}

async function main() {
  execFileSync(options["model-writer"], [model]);
  const began = Date.now();
  const { service, run } = await started("alone");
  const whole = checkTexts(run, await until(service, run, () => false));
  await service.stop();
  const bad = [...whole.bad];
  if (whole.texts.size === 0) bad.push("the run that was left alone has no texts");
  let kills = 0;
  let inTexts = 0;
  let runs = 0;
  for (; kills < numKills && bad.length === 0; ++runs) {
    const result = await disturb(`run-${runs}`, numKills - kills, whole);
    bad.push(...result.bad);
    kills += result.kills;
    inTexts += result.inTexts;
  }
  if (inTexts === 0 && bad.length === 0) bad.push("no kill fell into a text");
  for (const violation of bad.slice(0, 20)) console.log(`VIOLATION ${violation}`);
  console.log(
    `${kills} kills in ${Math.round((Date.now() - began) / 1000)} s, ${inTexts} of them within a text; ` +
      `${runs} disturbed runs of ${whole.texts.size} texts; ${bad.length === 0 ? "no violation" : `data is kept in ${folder}`}`,
  );
  if (bad.length === 0) rmSync(folder, { recursive: true });
  return bad.length === 0 ? 0 : 1;
}

process.exit(await main());
