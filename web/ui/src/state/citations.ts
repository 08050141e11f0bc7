import type { RunView } from "./run-view";

/** The number under which a quote is cited: its place in the order of appearance. */
export function citationNumber(view: RunView, evidence: string): number {
  return view.evidence.indexOf(evidence) + 1;
}
