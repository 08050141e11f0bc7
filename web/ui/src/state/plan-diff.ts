/** What differs between two revisions of a plan, step by step and word by word. */
import type { Step } from "../protocol/objects";

export const diffedFields = ["title", "goal", "done_when", "agent", "risk", "tools", "inputs"] as const;
export type DiffedField = (typeof diffedFields)[number];

export interface FieldChange {
  readonly field: DiffedField;
  readonly before: string;
  readonly after: string;
}

export interface StepDiff {
  readonly kind: "added" | "removed" | "changed" | "moved" | "same";
  readonly step: Step;
  readonly changes: readonly FieldChange[];
}

export interface WordPiece {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

function fieldText(step: Step, field: DiffedField): string {
  const value = step[field];
  return typeof value === "string" ? value : value.join(", ");
}

export function fieldChanges(before: Step, after: Step): readonly FieldChange[] {
  return diffedFields
    .map((field) => ({ field, before: fieldText(before, field), after: fieldText(after, field) }))
    .filter((change) => change.before !== change.after);
}

/** The longest common subsequence of two lists, as index pairs. */
export function commonPairs<T>(
  left: readonly T[],
  right: readonly T[],
): readonly (readonly [number, number])[] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const length = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        left[i] === right[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) pairs.push([i++, j++]);
    else if (length(i + 1, j) >= length(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** The steps of `after` in their order, with the removed ones where they stood. */
export function diffPlans(before: readonly Step[], after: readonly Step[]): readonly StepDiff[] {
  const old = new Map(before.map((step) => [step.id, step]));
  const kept = new Set(after.map((step) => step.id));
  const pairs = commonPairs(
    before.map((step) => step.id),
    after.map((step) => step.id),
  );
  const inOrder = new Set(pairs.map(([, j]) => after[j]?.id));
  const diffs: StepDiff[] = after.map((step) => {
    const was = old.get(step.id);
    if (!was) return { kind: "added", step, changes: [] };
    const changes = fieldChanges(was, step);
    const unchanged = inOrder.has(step.id) ? "same" : "moved";
    return { kind: changes.length > 0 ? "changed" : unchanged, step, changes };
  });
  before.forEach((step, index) => {
    if (kept.has(step.id)) return;
    const previous = before
      .slice(0, index)
      .findLast((earlier) => diffs.some((diff) => diff.step.id === earlier.id));
    const at = previous ? diffs.findIndex((diff) => diff.step.id === previous.id) + 1 : 0;
    diffs.splice(at, 0, { kind: "removed", step, changes: [] });
  });
  return diffs;
}

export function diffWords(before: string, after: string): readonly WordPiece[] {
  const left = before.split(/(\s+)/).filter((word) => word !== "");
  const right = after.split(/(\s+)/).filter((word) => word !== "");
  const pieces: WordPiece[] = [];
  const push = (kind: WordPiece["kind"], words: readonly string[]) => {
    const text = words.join("");
    const last = pieces.at(-1);
    if (text === "") return;
    if (last?.kind === kind) pieces[pieces.length - 1] = { kind, text: last.text + text };
    else pieces.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  for (const [a, b] of [...commonPairs(left, right), [left.length, right.length] as const]) {
    push("removed", left.slice(i, a));
    push("added", right.slice(j, b));
    push("same", left.slice(a, a + 1));
    i = a + 1;
    j = b + 1;
  }
  return pieces;
}
