/** The list of runs and the holds that wait in them, folded from summaries. */
import type { Hold, RunSummary } from "../protocol/objects";

/** Newest first; a summary that is older than the one at hand changes nothing. */
export function reduceRuns(runs: readonly RunSummary[], summary: RunSummary): readonly RunSummary[] {
  const known = runs.find((run) => run.run === summary.run);
  if (known && known.seq > summary.seq) return runs;
  if (known) return runs.map((run) => (run.run === summary.run ? summary : run));
  return [...runs, summary].sort((a, b) => (a.run < b.run ? 1 : -1));
}

export interface InboxEntry {
  readonly run: string;
  readonly title: string;
  readonly hold: Hold;
}

/** Holds that wait for an answer; a pause is the person's own doing and waits for none. */
export function inbox(runs: readonly RunSummary[]): readonly InboxEntry[] {
  return runs
    .flatMap((run) => run.holds.map((hold) => ({ run: run.run, title: run.title || run.question, hold })))
    .filter((entry) => entry.hold.kind !== "pause" && entry.hold.kind !== "takeover")
    .sort((a, b) => a.hold.opened_ms - b.hold.opened_ms);
}
