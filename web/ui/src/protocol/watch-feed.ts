/** Changes of the run list. After every reconnect the list is read again, so nothing that was missed stays missed. */
import { DecodeError } from "./decode";
import { Link, type LinkState, type OpenSocket } from "./link";
import { decodeMessage } from "./messages";
import type { RunSummary } from "./objects";

export interface WatchListener {
  changed(run: RunSummary): void;
  resync(): void;
  state(state: LinkState): void;
}

export function watchRuns(open: OpenSocket, listener: WatchListener): Link {
  const link: Link = new Link(open, {
    up: () => {
      link.send({ op: "watch" });
      listener.resync();
    },
    message: (raw) => {
      try {
        const message = decodeMessage(raw);
        if (message.op === "run") listener.changed(message.run);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    },
    changed: (state) => {
      listener.state(state);
    },
  });
  return link;
}
