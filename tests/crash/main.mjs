// Goal: killing the service at any moment loses nothing that a client was told and does nothing twice.
// Method: the real program, many runs with fetches and approvals under way, kill -9 at random moments (also while it
// starts), a restart on the same data each time; at the end every log, every promise and every request that reached the
// outside world are compared. The seed decides what is asked and when it is killed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { checkActions, checkLog, checkOutside, checkPromises } from "./checks.mjs";
import { Origin } from "./origin.mjs";
import { SeededRandom } from "./random.mjs";
import { Service } from "./service.mjs";
import { Witness } from "./witness.mjs";

const { values: options } = parseArgs({
  options: {
    program: { type: "string" },
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    "runs-at-once": { type: "string", default: "4" },
  },
});
const numKills = Number(options.kills);
const seed = Number(options.seed);
const random = new SeededRandom(seed);
const folder = mkdtempSync(join(tmpdir(), "lyceum-crash-"));
const origin = new Origin(new SeededRandom(seed + 1));
const witnesses = [];
const settleTimeoutMs = 120_000;
console.log(`seed ${seed}, ${numKills} kills; repeat with --seed ${seed}`);

function newRun(originPort) {
  const run = random.ulid();
  const pages = Array.from({ length: 1 + random.below(3) }, () => `http://127.0.0.1:${originPort}/page/${random.below(100)}`);
  const question = random.pick(["Who built the lighthouse of Kellin?", "How high is the lighthouse of Kellin?", "When was the lighthouse of Kellin finished?"]);
  const witness = new Witness(run, {
    id: run,
    question: `${question} ${pages.join(" ")}`,
    approvals: random.pick(["ask", "ask", "auto"]),
    plan_review: random.below(4) === 0,
  });
  witnesses.push(witness);
}

async function create(service, witness, signal) {
  const { status, body } = await service.request("POST", "/api/runs", witness.body, signal);
  if (status === 201 || status === 200) witness.isCreated = true;
  else if (status !== 503 && status !== 429) witness.violations.push(`POST /api/runs: ${status} ${JSON.stringify(body)}`);
}

async function command(service, witness, body, signal) {
  const { status, body: answer } = await service.request("POST", `/api/runs/${witness.run}/commands`, body, signal);
  if (status === 200) witness.acknowledge(body.id, answer.ack.seq);
  else if (status !== 409 && status !== 503) witness.violations.push(`${body.type}: ${status} ${JSON.stringify(answer)}`);
}

/** What a person does to a run: decides its holds, under an id that is the same after a crash; sometimes more. */
async function steer(service, witness, signal) {
  for (const [hold, data] of [...witness.holds]) {
    if (data.kind === "pause") {
      await command(service, witness, { id: `resume-${hold}`, type: "run.resume" }, signal);
      continue;
    }
    const decision = data.kind === "approval" && hold.charCodeAt(hold.length - 1) % 8 === 0 ? "deny" : "approve";
    await command(service, witness, { id: `decide-${hold}`, type: "hold.resolve", hold, decision }, signal);
  }
  if (!witness.isFinished && random.below(12) === 0) {
    const id = `note-${random.ulid()}`;
    await command(service, witness, { id, type: "note.inject", text: "Look at the height, too." }, signal);
  }
  if (!witness.isFinished && random.below(25) === 0) {
    await command(service, witness, { id: `pause-${random.ulid()}`, type: "run.pause", path: "" }, signal);
  }
}

/** Plays every client of one life of the service, until the signal. Connections that break are what is being tested. */
async function attend(service, originPort, signal, brings) {
  const watched = new Set();
  const broken = (error) => {
    if (!signal.aborted && !/fetch failed|terminated|socket|ECONN/.test(String(error))) throw error;
  };
  while (!signal.aborted) {
    const open = witnesses.filter((witness) => !witness.isFinished);
    if (brings && open.length < Number(options["runs-at-once"])) newRun(originPort);
    try {
      for (const witness of open) {
        if (!witness.isCreated) await create(service, witness, signal);
        if (witness.isCreated && !watched.has(witness)) {
          watched.add(witness);
          const done = () => watched.delete(witness);
          service.stream(witness.run, witness.head, signal, (event) => witness.take(event)).then(done, done);
        }
        if (witness.isCreated) await steer(service, witness, signal);
      }
    } catch (error) {
      broken(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

async function liveOnce(service, originPort) {
  await origin.nextGeneration();
  service.start();
  const isEarly = random.below(5) === 0;
  const moment = isEarly ? random.below(300) : random.below(700);
  if (isEarly) {
    await new Promise((resolve) => setTimeout(resolve, moment));
  } else {
    if (!(await service.ready)) throw new Error("the service ended by itself while it started");
    const life = new AbortController();
    const attended = attend(service, originPort, life.signal, true);
    await new Promise((resolve) => setTimeout(resolve, moment));
    life.abort();
    const ended = await service.kill();
    if (ended.signal !== "SIGKILL") throw new Error(`the service ended by itself: ${JSON.stringify(ended)}`);
    await attended;
    return;
  }
  const ended = await service.kill();
  if (ended.signal !== "SIGKILL") throw new Error(`the service ended by itself: ${JSON.stringify(ended)}`);
}

async function settle(service, originPort) {
  await origin.nextGeneration();
  service.start();
  if (!(await service.ready)) throw new Error("the service ended by itself while it started");
  const life = new AbortController();
  const attended = attend(service, originPort, life.signal, false);
  const deadline = Date.now() + settleTimeoutMs;
  while (witnesses.some((witness) => !witness.isFinished) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  life.abort();
  await attended;
}

async function allEvents(service, run, after) {
  const events = [];
  for (;;) {
    const { body } = await service.request("GET", `/api/runs/${run}/events?after=${after + events.length}&limit=500`);
    if (body.events.length === 0) return events;
    events.push(...body.events);
  }
}

async function checkCursors(service, witness, events) {
  const after = random.below(events.length);
  const streamed = [];
  await service.stream(witness.run, after, AbortSignal.timeout(30_000), (event) => streamed.push(event));
  const isSame = JSON.stringify(streamed) === JSON.stringify(events.slice(after));
  return isSame ? [] : [`run ${witness.run}: the stream after ${after} is not the log after ${after}`];
}

async function checkEverything(service) {
  const bad = [];
  const keys = new Set();
  let numEvents = 0;
  for (const witness of witnesses) {
    if (!witness.isCreated) continue;
    const { status, body: summary } = await service.request("GET", `/api/runs/${witness.run}`);
    if (status !== 200) {
      bad.push(`run ${witness.run} was acknowledged and is gone: ${status}`);
      continue;
    }
    const events = await allEvents(service, witness.run, 0);
    numEvents += events.length;
    bad.push(...checkLog(witness.run, events, summary), ...checkPromises(witness, events), ...checkActions(witness.run, events));
    const outside = checkOutside(witness.run, events, origin.requests);
    bad.push(...outside.bad);
    for (const key of outside.intended) keys.add(key);
    if (witness.isFinished) bad.push(...(await checkCursors(service, witness, events)));
  }
  for (const key of origin.requests.keys()) {
    if (!keys.has(key)) bad.push(`a request reached the outside under key "${key}", which no log intended`);
  }
  return { bad, numEvents };
}

async function main() {
  const originPort = await origin.start();
  const service = new Service(options.program, folder, originPort);
  const began = Date.now();
  let bad;
  try {
    for (let kill = 0; kill < numKills; ++kill) await liveOnce(service, originPort);
    await settle(service, originPort);
    const result = await checkEverything(service);
    bad = result.bad;
    const requests = [...origin.requests.values()];
    const repeated = requests.filter((generations) => generations.length > 1).length;
    const acks = witnesses.reduce((sum, witness) => sum + witness.acks.size, 0);
    console.log(
      `${numKills} kills in ${Math.round((Date.now() - began) / 1000)} s: ${witnesses.length} runs, ${result.numEvents} events, ` +
        `${acks} acknowledged commands, ${requests.length} fetches of which ${repeated} were issued again after a crash`,
    );
    const ended = await service.stop();
    if (ended.code !== 0) bad.push(`the service stopped with ${JSON.stringify(ended)}`);
  } catch (error) {
    bad = [String(error?.stack ?? error)];
    await service.kill();
  }
  origin.stop();
  for (const violation of bad.slice(0, 20)) console.log(`VIOLATION ${violation}`);
  if (bad.length === 0) {
    rmSync(folder, { recursive: true });
    console.log("no violation");
    return 0;
  }
  writeFileSync(join(folder, "violations.txt"), bad.join("\n"));
  console.log(`${bad.length} violations; seed ${seed}; data and log are kept in ${folder}\n${service.logTail()}`);
  return 1;
}

process.exit(await main());
