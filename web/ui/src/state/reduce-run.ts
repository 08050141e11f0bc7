/** A run's view is a fold over its events: `reduceRun` is pure, and nothing else makes views. */
import type { EventOf, RunEvent } from "../protocol/events";
import { assertNever, withEntry, without } from "./immutable";
import {
  addEvidence,
  addNote,
  changeFile,
  growMap,
  markEvidence,
  markNoteRead,
  mergeKnowledge,
  setAnswer,
} from "./reduce-findings";
import {
  addUsage,
  changeStep,
  finishMessage,
  finishStep,
  reduceAction,
  reduceCheckpoint,
  reduceDelta,
  startGeneration,
  startStep,
  withEventLine,
} from "./reduce-work";
import { emptyRun, type RunView } from "./run-view";

/** The next view of a run. Events must come in order; one that the view already contains changes nothing. */
export function reduceRun(view: RunView, event: RunEvent): RunView {
  if (event.ephemeral) return apply(view, event);
  if (event.seq <= view.seq) return view;
  const holds = event.type === "run.forked" ? postponed(view.holds, event.ts - view.lastMs) : view.holds;
  return apply({ ...view, holds, seq: event.seq, lastMs: event.ts }, event);
}

export function foldRun(events: readonly RunEvent[], from: RunView = emptyRun): RunView {
  return events.reduce(reduceRun, from);
}

/** The time between the parent's event and a fork was nobody's to decide in. */
function postponed(holds: RunView["holds"], byMs: number): RunView["holds"] {
  return new Map(
    [...holds].map(([id, hold]) => [
      id,
      { ...hold, expires_ms: hold.expires_ms === null ? null : hold.expires_ms + Math.max(0, byMs) },
    ]),
  );
}

function apply(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case "run.submitted":
      return submit(view, event);
    case "run.forked":
      return fork(view, event);
    case "run.entered":
      return { ...view, phase: event.data.phase };
    case "run.finished":
      return finish(view, event);
    case "plan.patched":
      return patchPlan(view, event);
    case "step.started":
      return startStep(withEventLine(view, event), event);
    case "step.finished":
      return finishStep(withEventLine(view, event), event);
    case "step.requeued":
      return changeStep(withEventLine(view, event), event, { status: "pending", result: null, error: "" });
    case "step.taken_over":
      return changeStep(withEventLine(view, event), event, { status: "taken_over", takenBy: event.data.by });
    case "step.returned":
      return changeStep(withEventLine(view, event), event, { status: "pending", takenBy: "" });
    case "hold.opened":
      return withEventLine({ ...view, holds: withEntry(view.holds, event.data.hold, event.data) }, event);
    case "hold.closed":
      return withEventLine({ ...view, holds: without(view.holds, event.data.hold) }, event);
    case "action.observed":
      return addUsage(reduceAction(view, event), event);
    case "action.proposed":
    case "action.intended":
    case "action.dispatched":
    case "action.failed":
    case "action.unknown":
    case "action.retried":
    case "tool.progress":
      return reduceAction(view, event);
    case "message.delta":
      return reduceDelta(view, event);
    case "gen.started":
      return startGeneration(withEventLine(view, event), event);
    case "gen.checkpoint":
      return reduceCheckpoint(view, event);
    case "message.finished":
      return finishMessage(view, event);
    case "evidence.added":
      return withEventLine(addEvidence(view, event), event);
    case "evidence.dropped":
      return withEventLine(
        markEvidence(view, event.data.evidence, event.data.reason || "no reason given"),
        event,
      );
    case "evidence.restored":
      return withEventLine(markEvidence(view, event.data.evidence, null), event);
    case "knowledge.updated":
      return { ...view, knowledge: mergeKnowledge(view.knowledge, event.data.entries) };
    case "map.updated":
      return growMap(view, event);
    case "answer.proposed":
      return withEventLine(setAnswer(view, event), event);
    case "note.injected":
      return withEventLine(addNote(view, event), event);
    case "note.read":
      return markNoteRead(view, event);
    case "file.changed":
      return withEventLine(changeFile(view, event), event);
    case "budget.set":
      return { ...view, budget: event.data.budget };
    case "experts.set":
      return withEventLine({ ...view, experts: event.data.experts }, event);
    case "command.accepted":
      return view;
    case "run.recovered":
    case "pause.requested":
    case "thought.noted":
    case "question.understood":
    case "query.issued":
    case "decision.made":
    case "loop.escalated":
      return withEventLine(view, event);
    case "unreadable":
      return withEventLine({ ...view, unreadable: view.unreadable + 1 }, event);
    default:
      return assertNever(event);
  }
}

function submit(view: RunView, event: EventOf<"run.submitted">): RunView {
  const { question, title, agent, collections, approvals, budget, created_ms } = event.data;
  const createdMs = created_ms || event.ts;
  return withEventLine(
    { ...view, question, title: title || question, agent, collections, approvals, budget, createdMs },
    event,
  );
}

/** A fork goes on where its parent was at that event: an end of the parent is not its own. */
function fork(view: RunView, event: EventOf<"run.forked">): RunView {
  const { parent, at_seq: atSeq, title, created_ms } = event.data;
  return withEventLine(
    {
      ...view,
      parent: { run: parent, atSeq },
      title: title || view.title,
      createdMs: created_ms || event.ts,
      phase: view.end === null ? view.phase : "executing",
      end: null,
    },
    event,
  );
}

function finish(view: RunView, event: EventOf<"run.finished">): RunView {
  const { status, reason, detail, gaps } = event.data;
  return withEventLine(
    { ...view, phase: "terminal", end: { status, reason, detail, gaps, ts: event.ts } },
    event,
  );
}

function patchPlan(view: RunView, event: EventOf<"plan.patched">): RunView {
  const { rev, author, reason, steps } = event.data;
  const revision = { rev, seq: event.seq, ts: event.ts, author: author || event.actor, reason, steps };
  return withEventLine({ ...view, revisions: [...view.revisions, revision] }, event);
}
