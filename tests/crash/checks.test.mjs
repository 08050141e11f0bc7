// The checks of the kill test, tested on logs that break each invariant.
import assert from "node:assert/strict";
import { test } from "node:test";

import { checkActions, checkLog, checkOutside, checkPromises, checkTexts } from "./checks.mjs";
import { Witness } from "./witness.mjs";

const run = "R";

function log(...types) {
  return types.map((type, index) => ({
    seq: index + 1,
    epoch: 1,
    type,
    ...(type.startsWith("action.") ? { action: "A" } : {}),
    data: type === "run.finished" ? { status: "completed" } : type.startsWith("action.") ? { key: "A" } : { id: "c1" },
  }));
}

const good = log("run.submitted", "command.accepted", "action.proposed", "action.intended", "action.dispatched", "action.observed", "run.finished");
const summary = { phase: "terminal", status: "completed", seq: good.length };

test("a good log breaks nothing", () => {
  const witness = new Witness(run, {});
  good.forEach((event) => witness.take(event));
  witness.acknowledge("c1", 2);
  assert.deepEqual(checkLog(run, good, summary), []);
  assert.deepEqual(checkPromises(witness, good), []);
  assert.deepEqual(checkActions(run, good), []);
  assert.deepEqual(checkOutside(run, good, new Map([["A", [1]]])).bad, []);
});

test("a gap, a second end, and a summary that disagrees are found", () => {
  assert.notDeepEqual(checkLog(run, good.slice(1), summary), []);
  assert.notDeepEqual(checkLog(run, [...good, ...log("run.finished")], summary), []);
  assert.notDeepEqual(checkLog(run, good, { ...summary, seq: 3 }), []);
  assert.notDeepEqual(checkLog(run, good.slice(0, -1), { ...summary, seq: good.length - 1 }), []);
});

test("an event that a client got and that is gone or another is found", () => {
  const witness = new Witness(run, {});
  good.forEach((event) => witness.take(event));
  assert.notDeepEqual(checkPromises(witness, good.slice(0, -1)), []);
  witness.take({ ...good[0], type: "run.forked" });
  assert.notDeepEqual(witness.violations, []);
});

test("a lost, moved or doubled command is found", () => {
  const lost = new Witness(run, {});
  lost.acknowledge("c2", 2);
  assert.notDeepEqual(checkPromises(lost, good), []);
  assert.notDeepEqual(checkPromises(new Witness(run, {}), log("command.accepted", "command.accepted")), []);
});

test("an action that is done again after its end is found", () => {
  const again = log("action.proposed", "action.intended", "action.dispatched", "action.observed", "action.dispatched");
  assert.notDeepEqual(checkActions(run, again), []);
  assert.notDeepEqual(checkActions(run, log("action.proposed", "action.intended", "action.observed", "action.observed")), []);
  assert.notDeepEqual(checkActions(run, log("action.proposed", "action.observed")), []);
});

test("a request that went out twice in one life of the service is found", () => {
  assert.notDeepEqual(checkOutside(run, good, new Map([["A", [1, 1]]])).bad, []);
  assert.notDeepEqual(checkOutside(run, good, new Map([["A", [1, 2]]])).bad, []);
});

test("a text that is begun twice, has a gap, or is not what was committed is found", () => {
  const of = (type, data) => ({ type, step: "s1", attempt: 1, pos: 2, data });
  const piece = (offset, text, tokens) => of("gen.checkpoint", { offset, text, tokens });
  const observed = (text) => of("action.observed", { result: { text } });
  const text = [of("gen.started", {}), piece(0, "é", [1, 2]), piece(2, "b", [3]), observed("éb")];
  const { bad, texts } = checkTexts(run, text);
  assert.deepEqual(bad, []);
  assert.deepEqual([...texts.values()].map(({ tokens }) => tokens), [[1, 2, 3]]);
  assert.deepEqual(checkTexts(run, [text[0], ...text]).bad, [], "nothing was committed yet");
  assert.notDeepEqual(checkTexts(run, [...text.slice(0, 2), ...text]).bad, []);
  assert.notDeepEqual(checkTexts(run, [text[0], text[2]]).bad, []);
  assert.notDeepEqual(checkTexts(run, [...text.slice(0, 3), observed("é")]).bad, []);
});
