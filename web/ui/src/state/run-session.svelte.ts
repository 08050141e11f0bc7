/** One open run: its feed, its history, the moment that is looked at, and the commands under way. */
import { ApiError, api } from "../protocol/api";
import type { CommandBody } from "../protocol/commands";
import { DecodeError } from "../protocol/decode";
import { openBrowserSocket } from "../protocol/link";
import { plan, type Plan } from "../protocol/objects";
import { RunFeed, type FeedState } from "../protocol/run-feed";
import { ulid } from "../protocol/ulid";
import { app } from "./app.svelte";
import { RunHistory } from "./history";
import { currentPlan, emptyRun, type PlanRevision, type RunView } from "./run-view";

export interface PendingCommand {
  readonly id: string;
  readonly type: CommandBody["type"];
  /** The step, hold or evidence that it speaks of, or "". */
  readonly target: string;
}

type PlanPatch = Extract<CommandBody, { type: "plan.patch" }>;

export interface PlanConflict {
  readonly patch: PlanPatch;
  readonly base: PlanRevision | null;
  readonly current: Plan;
}

/** Events are drawn at most this often, however fast they come: live ones at once, history in larger parts. */
const drawEveryMs = { live: 16, history: 120 };

export class RunSession {
  readonly history = new RunHistory();
  head = $state.raw<RunView>(emptyRun);
  feed = $state.raw<FeedState>({ kind: "connecting" });
  pending = $state.raw<readonly PendingCommand[]>([]);
  conflict = $state.raw<PlanConflict | null>(null);
  /** The event that is looked at; null follows the newest. */
  at = $state<number | null>(null);
  view = $derived(this.at === null || this.at >= this.head.seq ? this.head : this.history.at(this.at));
  isLive = $derived(this.view === this.head);
  mayCommand = $derived(this.isLive && this.head.end === null && this.head.seq > 0);

  private readonly connection: RunFeed;
  private drawing: ReturnType<typeof setTimeout> | undefined;
  private readonly networkIsBack = () => {
    this.connection.reconnect();
  };

  constructor(readonly run: string) {
    this.connection = new RunFeed(run, openBrowserSocket, {
      event: (event) => {
        this.history.add(event);
        this.drawing ??= setTimeout(
          () => {
            this.draw();
          },
          this.feed.kind === "live" ? drawEveryMs.live : drawEveryMs.history,
        );
      },
      state: (state) => {
        this.draw();
        this.feed = state;
      },
      problem: (text) => {
        app.say(text, true);
      },
    });
  }

  start(): void {
    this.connection.start();
    window.addEventListener("online", this.networkIsBack);
  }

  stop(): void {
    this.connection.stop();
    clearTimeout(this.drawing);
    window.removeEventListener("online", this.networkIsBack);
  }

  private draw(): void {
    clearTimeout(this.drawing);
    this.drawing = undefined;
    this.head = this.history.head;
  }

  isPending(type: CommandBody["type"], target = ""): boolean {
    return this.pending.some(
      (command) => command.type === type && (target === "" || command.target === target),
    );
  }

  /** True once the command is in the log. A refusal is told; a stale plan opens the comparison of both sides. */
  async send(body: CommandBody): Promise<boolean> {
    const id = ulid();
    this.pending = [...this.pending, { id, type: body.type, target: targetOf(body) }];
    try {
      await this.connection.send({ ...body, id });
      return true;
    } catch (error) {
      this.refused(body, error);
      return false;
    } finally {
      this.pending = this.pending.filter((command) => command.id !== id);
    }
  }

  private refused(body: CommandBody, error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    const current = body.type === "plan.patch" && error.code === "conflict" ? readPlan(error.current) : null;
    if (body.type === "plan.patch" && current) {
      const base = this.head.revisions.find((revision) => revision.rev === body.base_rev) ?? null;
      this.conflict = { patch: body, base, current };
      return;
    }
    app.say(`${body.type} was refused: ${error.message}`, true);
  }

  async fork(title: string): Promise<string | null> {
    const id = ulid();
    const isMade = await app.attempt(async () => {
      await api.fork(this.run, { at_seq: this.view.seq, id, title });
    });
    return isMade ? id : null;
  }

  get planRev(): number {
    return currentPlan(this.head)?.rev ?? 0;
  }
}

function targetOf(body: CommandBody): string {
  if ("step" in body) return body.step;
  if ("hold" in body) return body.hold;
  if ("evidence" in body) return body.evidence;
  return "path" in body ? (body.path ?? "") : "";
}

function readPlan(value: unknown): Plan | null {
  try {
    const read = plan(value, "current");
    return read.rev > 0 ? read : null;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
