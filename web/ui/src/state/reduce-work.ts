/** How steps, actions and messages change a run's view. */
import type { EventOf, RunEvent } from "../protocol/events";
import { withEntry } from "./immutable";
import type { ActionView, MessageView, RunView, StepView, StreamItem } from "./run-view";

export function lineOf(event: RunEvent): Pick<StreamItem, "seq" | "ts" | "step" | "actor"> {
  return { seq: event.seq, ts: event.ts, step: event.step, actor: event.actor };
}

export function withEventLine(view: RunView, event: RunEvent): RunView {
  return { ...view, stream: view.stream.with({ ...lineOf(event), kind: "event", event }) };
}

export function changeStep(view: RunView, event: RunEvent, change: Partial<StepView>): RunView {
  const id = event.step;
  if (id === null) return view;
  const before: StepView = view.steps.get(id) ?? {
    id,
    title: "",
    agent: "",
    status: "pending",
    attempt: 0,
    startedMs: null,
    finishedMs: null,
    result: null,
    error: "",
    takenBy: "",
  };
  return { ...view, steps: withEntry(view.steps, id, { ...before, ...change }) };
}

export function startStep(view: RunView, event: EventOf<"step.started">): RunView {
  const { title, agent } = event.data;
  return changeStep(view, event, {
    title,
    agent,
    status: "running",
    attempt: event.attempt,
    startedMs: event.ts,
    finishedMs: null,
    result: null,
    error: "",
    takenBy: "",
  });
}

export function finishStep(view: RunView, event: EventOf<"step.finished">): RunView {
  const { status, result, error } = event.data;
  return changeStep(view, event, { status, result, error, finishedMs: event.ts, takenBy: "" });
}

type ActionEvent = EventOf<
  | "action.proposed"
  | "action.intended"
  | "action.dispatched"
  | "action.observed"
  | "action.failed"
  | "action.unknown"
  | "action.retried"
  | "tool.progress"
>;

/** The action that an event speaks of; a pure action has one event only and may have no id of its own. */
function actionId(event: ActionEvent): string {
  return event.action ?? `seq ${event.seq}`;
}

function changeOf(event: ActionEvent): Partial<ActionView> {
  switch (event.type) {
    case "action.proposed":
      return { ...pick(event.data), effect: event.data.effect, risk: event.data.risk, status: "proposed" };
    case "action.intended":
      return { ...pick(event.data), status: "intended" };
    case "action.dispatched":
      return { status: "dispatched" };
    case "action.observed":
      return {
        ...pick(event.data),
        status: "observed",
        result: event.data.result,
        tookMs: event.data.took_ms,
      };
    case "action.failed":
      return { ...pick(event.data), status: "failed", error: event.data.message, tookMs: event.data.took_ms };
    case "action.unknown":
      return { ...pick(event.data), effect: event.data.effect, status: "unknown" };
    case "action.retried":
      return { name: event.data.name, tries: event.data.tries, error: event.data.message };
    case "tool.progress":
      return { name: event.data.name, progress: event.data };
  }
}

function pick(data: { readonly name: string; readonly args: ActionView["args"] }): Partial<ActionView> {
  return Object.keys(data.args).length > 0 ? { name: data.name, args: data.args } : { name: data.name };
}

export function reduceAction(view: RunView, event: ActionEvent): RunView {
  const id = actionId(event);
  const known = view.actions.get(id);
  const before: ActionView = known ?? {
    id,
    name: "",
    args: {},
    effect: "pure",
    risk: "",
    status: "intended",
    result: null,
    error: "",
    tookMs: null,
    tries: 0,
    progress: null,
  };
  const actions = view.actions.with(id, { ...before, ...changeOf(event) });
  if (known || event.ephemeral) return { ...view, actions };
  return { ...view, actions, stream: view.stream.with({ ...lineOf(event), kind: "action", action: id }) };
}

export function addUsage(view: RunView, event: EventOf<"action.observed">): RunView {
  const add = event.data.usage;
  const now = view.usage;
  return {
    ...view,
    usage: {
      tokens_in: now.tokens_in + add.tokens_in,
      tokens_out: now.tokens_out + add.tokens_out,
      tool_calls: now.tool_calls + add.tool_calls,
      model_calls: now.model_calls + add.model_calls,
      time_ms: now.time_ms + add.time_ms,
    },
  };
}

const utf8 = new TextEncoder();

function placeMessage(view: RunView, event: RunEvent, message: MessageView): RunView {
  const isNew = !view.messages.has(message.id);
  const messages = view.messages.with(message.id, message);
  if (!isNew) return { ...view, messages };
  const line: StreamItem = { ...lineOf(event), kind: "message", message: message.id };
  return { ...view, messages, stream: view.stream.with(line) };
}

export function startGeneration(view: RunView, event: EventOf<"gen.started">): RunView {
  const { seq, step, attempt, pos } = event;
  const generation = { seq, step, attempt, pos, task: event.data.task, tokens: 0 };
  return { ...view, generations: view.generations.with(String(seq), generation) };
}

/** Deltas may be lost or come twice; the offset says which, and the finished message mends everything. */
export function reduceDelta(view: RunView, event: EventOf<"message.delta">): RunView {
  const { message: id, offset, text } = event.data;
  const before = view.messages.get(id);
  if (before?.isFinished) return view;
  const have = before?.bytes ?? 0;
  if (offset < have) return view;
  const missing = offset > have ? " … " : "";
  return placeMessage(view, event, {
    id,
    role: before?.role ?? "assistant",
    text: (before?.text ?? "") + missing + text,
    bytes: offset + utf8.encode(text).length,
    isFinished: false,
  });
}

export function reduceCheckpoint(view: RunView, event: EventOf<"gen.checkpoint">): RunView {
  const { message: id, offset, text, tokens } = event.data;
  const grown = tokens.length > 0 ? countTokens(view, event, tokens.length) : view;
  const before = grown.messages.get(id);
  const have = before?.bytes ?? 0;
  if (id === "" || before?.isFinished || offset < have) return grown;
  return placeMessage(grown, event, {
    id,
    role: before?.role ?? "assistant",
    text: (before?.text ?? "") + text,
    bytes: offset + utf8.encode(text).length,
    isFinished: false,
  });
}

function countTokens(view: RunView, event: RunEvent, count: number): RunView {
  const { step, attempt, pos } = event;
  const generation = view.generations
    .values()
    .findLast((one) => one.step === step && one.attempt === attempt && one.pos === pos);
  if (!generation) return view;
  const grown = { ...generation, tokens: generation.tokens + count };
  return { ...view, generations: view.generations.with(String(generation.seq), grown) };
}

export function finishMessage(view: RunView, event: EventOf<"message.finished">): RunView {
  const { message: id, role, text } = event.data;
  return placeMessage(view, event, { id, role, text, bytes: utf8.encode(text).length, isFinished: true });
}
