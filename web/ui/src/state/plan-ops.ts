/** Changes to a plan before the service has answered: what they would give, and what they say. */
import type { PlanOp } from "../protocol/commands";
import type { Step } from "../protocol/objects";
import type { PlanRevision } from "./run-view";
import { fieldChanges } from "./plan-diff";

const draft: Step = {
  id: "",
  title: "",
  goal: "",
  agent: "",
  inputs: [],
  tools: [],
  done_when: "",
  risk: "low",
  author: "you",
};

function place(steps: readonly Step[], step: Step, after: string | null): readonly Step[] {
  const at = after === null ? 0 : steps.findIndex((other) => other.id === after) + 1;
  return [...steps.slice(0, at), step, ...steps.slice(at)];
}

function merged(step: Step, fields: Readonly<Record<string, unknown>>): Step {
  return { ...step, ...fields };
}

/** The steps after `op`; unchanged when the step it speaks of is gone. */
export function applyOp(steps: readonly Step[], op: PlanOp): readonly Step[] {
  switch (op.op) {
    case "insert":
      return place(steps, merged({ ...draft, id: `new: ${op.step.title}` }, op.step), op.after);
    case "update":
      return steps.map((step) => (step.id === op.step ? merged(step, op.set) : step));
    case "delete":
      return steps.filter((step) => step.id !== op.step);
    case "move": {
      const moved = steps.find((step) => step.id === op.step);
      return moved
        ? place(
            steps.filter((step) => step !== moved),
            moved,
            op.after,
          )
        : steps;
    }
  }
}

export function applyOps(steps: readonly Step[], ops: readonly PlanOp[]): readonly Step[] {
  return ops.reduce(applyOp, steps);
}

/** Whether every step that the ops speak of still exists in `steps`. */
export function opsFit(steps: readonly Step[], ops: readonly PlanOp[]): boolean {
  const ids = new Set(steps.map((step) => step.id));
  return ops.every((op) => {
    if (op.op === "insert") return op.after === null || ids.has(op.after);
    if (op.op === "move") return ids.has(op.step) && (op.after === null || ids.has(op.after));
    return ids.has(op.step);
  });
}

/** The op that swaps a step with its neighbour, or null at the end of the list. */
export function moveBy(steps: readonly Step[], id: string, direction: -1 | 1): PlanOp | null {
  const index = steps.findIndex((step) => step.id === id);
  const target = index + direction;
  if (index < 0 || target < 0 || target >= steps.length) return null;
  const after = direction === 1 ? steps[target]?.id : steps[target - 1]?.id;
  return { op: "move", step: id, after: after ?? null };
}

export interface Blame {
  readonly rev: number;
  readonly author: string;
  readonly ts: number;
}

/** For each step of the latest revision, the revision that last changed it and whose it was. */
export function blame(revisions: readonly PlanRevision[]): ReadonlyMap<string, Blame> {
  const last = new Map<string, Blame>();
  let before = new Map<string, Step>();
  for (const { rev, author, ts, steps } of revisions) {
    for (const step of steps) {
      const was = before.get(step.id);
      if (!was || fieldChanges(was, step).length > 0) last.set(step.id, { rev, author, ts });
    }
    before = new Map(steps.map((step) => [step.id, step]));
  }
  return last;
}
