/** A run's events so far and its view at any of them. */
import type { RunEvent } from "../protocol/events";
import { foldRun, reduceRun } from "./reduce-run";
import { emptyRun, type RunView } from "./run-view";

const snapshotEvery = 200;

export class RunHistory {
  private readonly facts: RunEvent[] = [];
  private readonly snapshots: RunView[] = [emptyRun];
  private latest: RunView = emptyRun;

  get events(): readonly RunEvent[] {
    return this.facts;
  }

  get head(): RunView {
    return this.latest;
  }

  add(event: RunEvent): void {
    this.latest = reduceRun(this.latest, event);
    if (event.ephemeral) return;
    this.facts.push(event);
    // Snapshots are folded from facts alone, so that a view of the past never depends on which deltas were seen.
    if (this.facts.length % snapshotEvery === 0) this.snapshots.push(this.at(event.seq));
  }

  /** The view just after event `seq`. */
  at(seq: number): RunView {
    const snapshot = this.snapshots.findLast((view) => view.seq <= seq) ?? emptyRun;
    return foldRun(this.facts.slice(snapshot.seq, seq), snapshot);
  }
}
