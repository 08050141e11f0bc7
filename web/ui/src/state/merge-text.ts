/** Three-way merge of texts by lines. */
import { commonPairs } from "./plan-diff";

export interface Merge {
  readonly text: string;
  /** Places where both sides changed the same lines; they are marked in the text. */
  readonly conflicts: number;
}

/** For every line of `base`, where it stands in `side`, if it does. */
function placesIn(base: readonly string[], side: readonly string[]): ReadonlyMap<number, number> {
  return new Map(commonPairs(base, side));
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index]);
}

export function mergeTexts(base: string, mine: string, theirs: string, theirName: string): Merge {
  const [from, left, right] = [base.split("\n"), mine.split("\n"), theirs.split("\n")];
  const inLeft = placesIn(from, left);
  const inRight = placesIn(from, right);
  const merged: string[] = [];
  let conflicts = 0;
  const join = (was: readonly string[], ours: readonly string[], others: readonly string[]) => {
    if (isSame(ours, others) || isSame(was, others)) merged.push(...ours);
    else if (isSame(was, ours)) merged.push(...others);
    else {
      conflicts++;
      merged.push("<<<<<<< yours", ...ours, "=======", ...others, `>>>>>>> ${theirName}`);
    }
  };
  let [b, l, r] = [0, 0, 0];
  for (let at = 0; at <= from.length; at++) {
    const isEnd = at === from.length;
    const toLeft = isEnd ? left.length : inLeft.get(at);
    const toRight = isEnd ? right.length : inRight.get(at);
    if (toLeft === undefined || toRight === undefined) continue;
    join(from.slice(b, at), left.slice(l, toLeft), right.slice(r, toRight));
    if (!isEnd) merged.push(from[at] ?? "");
    [b, l, r] = [at + 1, toLeft + 1, toRight + 1];
  }
  return { text: merged.join("\n"), conflicts };
}
