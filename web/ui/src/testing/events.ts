/** Events for tests: decoded from JSON like those of the service. */
import { decodeEvent, type RunEvent } from "../protocol/events";

export function eventJson(seq: number, type: string, data: object, more: object = {}): object {
  return { v: 1, run: "R", seq, epoch: 1, ts: 1000 * seq, type, actor: "agent:a", path: "", ...more, data };
}

export function event(seq: number, type: string, data: object, more: object = {}): RunEvent {
  return decodeEvent(eventJson(seq, type, data, more));
}

export const stepJson = (id: string, title: string) => ({
  id,
  title,
  goal: `goal of ${title}`,
  agent: "deep_search.find",
  inputs: ["*"],
  tools: [],
  done_when: "",
  risk: "low",
  author: "agent:a",
});

const submitted = { question: "Q?", title: "Q?", agent: "deep_search", collections: [], approvals: "ask" };
const step = { step: "s1", attempt: 1, path: "s1" };

/** A small run from its question to its answer. */
export const wholeRun: readonly object[] = [
  eventJson(
    1,
    "run.submitted",
    { ...submitted, plan_review: false, created_ms: 1000 },
    { actor: "user:ann" },
  ),
  eventJson(2, "run.entered", { phase: "planning" }),
  eventJson(3, "plan.patched", {
    base_rev: 0,
    rev: 1,
    ops: [],
    author: "agent:a",
    reason: "First",
    steps: [stepJson("s1", "Find"), stepJson("s2", "Answer")],
  }),
  eventJson(4, "run.entered", { phase: "executing" }),
  eventJson(5, "step.started", { title: "Find", agent: "deep_search.find" }, step),
  eventJson(
    6,
    "action.proposed",
    { name: "fetch", args: { url: "u" }, risk: "medium" },
    { ...step, action: "a1" },
  ),
  eventJson(7, "hold.opened", { hold: "h1", kind: "approval", scope: "s1", title: "Fetch u" }, step),
  eventJson(8, "hold.closed", { hold: "h1", decision: "approve", by: "user:ann" }, { actor: "user:ann" }),
  eventJson(9, "action.intended", { name: "fetch", args: { url: "u" } }, { ...step, action: "a1" }),
  eventJson(
    10,
    "action.observed",
    { name: "fetch", args: { url: "u" }, result: 1, took_ms: 5, usage: { tool_calls: 1 } },
    { ...step, action: "a1" },
  ),
  eventJson(
    11,
    "evidence.added",
    { evidence: "e1", quote: "the quote", document: "D", begin: 3, end: 12 },
    step,
  ),
  eventJson(12, "message.finished", { message: "m1", role: "assistant", text: "Wörter fließen" }, step),
  eventJson(13, "step.finished", { status: "done", result: { text: "ok" }, error: "" }, step),
  eventJson(14, "answer.proposed", { sentences: [{ text: "It is so.", citations: ["e1"], support: 0.9 }] }),
  eventJson(15, "run.finished", { status: "completed", reason: "goal_met", detail: "", gaps: [] }),
];
