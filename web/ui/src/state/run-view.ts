/** What the page knows of a run at one position of its log. Immutable; made by `reduceRun` only. */
import type { Json } from "../protocol/decode";
import type { EventOf, RunEvent } from "../protocol/events";
import type {
  Budget,
  Conflict,
  Entity,
  FileEntry,
  KnowledgeEntry,
  Relation,
  Sentence,
  Step,
  Usage,
} from "../protocol/objects";
import { PersistentList, PersistentMap } from "./persistent";

export type StepStatus =
  "pending" | "running" | "taken_over" | "done" | "failed" | "skipped" | "cancelled" | "superseded";

export interface StepView {
  readonly id: string;
  readonly title: string;
  readonly agent: string;
  readonly status: StepStatus;
  readonly attempt: number;
  readonly startedMs: number | null;
  readonly finishedMs: number | null;
  readonly result: Json | null;
  readonly error: string;
  readonly takenBy: string;
}

export interface PlanRevision {
  readonly rev: number;
  readonly seq: number;
  readonly ts: number;
  readonly author: string;
  readonly reason: string;
  readonly steps: readonly Step[];
}

export type ActionStatus = "proposed" | "intended" | "dispatched" | "observed" | "failed" | "unknown";

export interface ActionView {
  readonly id: string;
  readonly name: string;
  readonly args: Json;
  readonly effect: string;
  readonly risk: string;
  readonly status: ActionStatus;
  readonly result: unknown;
  readonly error: string;
  readonly tookMs: number | null;
  readonly tries: number;
  readonly progress: { readonly done: number; readonly total: number; readonly text: string } | null;
}

export interface MessageView {
  readonly id: string;
  readonly role: string;
  readonly text: string;
  /** Length of `text` in the service's count (bytes of UTF-8), to place the next delta. */
  readonly bytes: number;
  readonly isFinished: boolean;
}

/** A text that a model writes token by token. */
export interface GenerationView {
  /** Number of the event that it began with. */
  readonly seq: number;
  readonly step: string | null;
  readonly attempt: number;
  readonly pos: number;
  readonly task: string;
  readonly tokens: number;
}

/** One line of the stream: an event as it is, or the place where an action or a message began. */
export type StreamItem = {
  readonly seq: number;
  readonly ts: number;
  readonly step: string | null;
  readonly actor: string;
} & (
  | { readonly kind: "event"; readonly event: RunEvent }
  | { readonly kind: "action"; readonly action: string }
  | { readonly kind: "message"; readonly message: string }
);

export interface HoldView {
  readonly hold: string;
  readonly kind: string;
  readonly scope: string;
  readonly title: string;
  readonly detail: Json;
  readonly opened_ms: number;
  readonly expires_ms: number | null;
  readonly on_expiry: string;
}

export type EvidenceView = EventOf<"evidence.added">["data"] & {
  readonly step: string | null;
  readonly seq: number;
  /** Why it no longer counts; null while it does. */
  readonly dropped: string | null;
};

export interface NoteView {
  readonly seq: number;
  readonly ts: number;
  readonly text: string;
  readonly path: string;
  readonly by: string;
  readonly readBy: readonly string[];
}

export interface AnswerView {
  readonly seq: number;
  readonly sentences: readonly Sentence[];
  readonly gaps: readonly string[];
  readonly conflicts: readonly Conflict[];
  readonly notFound: boolean;
  /** Null where nothing was judged: a person wrote the answer, or no quote was found. */
  readonly confidence: number | null;
}

export interface RunEnd {
  readonly status: string;
  readonly reason: string;
  readonly detail: string;
  readonly gaps: readonly string[];
  readonly ts: number;
}

export interface RunView {
  readonly seq: number;
  readonly question: string;
  readonly title: string;
  readonly agent: string;
  readonly collections: readonly string[];
  readonly approvals: string;
  readonly createdMs: number;
  readonly lastMs: number;
  readonly parent: { readonly run: string; readonly atSeq: number } | null;
  readonly phase: string;
  readonly end: RunEnd | null;
  readonly revisions: readonly PlanRevision[];
  readonly steps: ReadonlyMap<string, StepView>;
  readonly actions: PersistentMap<ActionView>;
  readonly messages: PersistentMap<MessageView>;
  readonly stream: PersistentList<StreamItem>;
  readonly holds: ReadonlyMap<string, HoldView>;
  readonly evidence: PersistentMap<EvidenceView>;
  readonly knowledge: readonly KnowledgeEntry[];
  readonly entities: PersistentMap<Entity>;
  readonly relations: readonly Relation[];
  readonly answer: AnswerView | null;
  readonly notes: readonly NoteView[];
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly generations: PersistentMap<GenerationView>;
  /** A token and layer, as a person set them; 0: the model's own number. */
  readonly experts: number;
  readonly budget: Budget;
  readonly usage: Usage;
  readonly unreadable: number;
}

export const emptyRun: RunView = {
  seq: 0,
  question: "",
  title: "",
  agent: "",
  collections: [],
  approvals: "ask",
  createdMs: 0,
  lastMs: 0,
  parent: null,
  phase: "submitted",
  end: null,
  revisions: [],
  steps: new Map(),
  actions: PersistentMap.empty(),
  messages: PersistentMap.empty(),
  stream: PersistentList.empty(),
  holds: new Map(),
  evidence: PersistentMap.empty(),
  knowledge: [],
  entities: PersistentMap.empty(),
  relations: [],
  answer: null,
  notes: [],
  files: new Map(),
  generations: PersistentMap.empty(),
  experts: 0,
  budget: { time_s: 0, tokens: 0, tool_calls: 0 },
  usage: { tokens_in: 0, tokens_out: 0, tool_calls: 0, model_calls: 0, time_ms: 0 },
  unreadable: 0,
};

/** The latest revision of the plan, or null before there is one. */
export function currentPlan(view: RunView): PlanRevision | null {
  return view.revisions.at(-1) ?? null;
}

export function stepStatus(view: RunView, step: string): StepStatus {
  return view.steps.get(step)?.status ?? "pending";
}

export function isOver(view: RunView): boolean {
  return view.end !== null;
}

/** The text of the run's answer, where the model shows its tokens. */
export function answerGeneration(view: RunView): GenerationView | undefined {
  return view.generations.values().findLast((generation) => generation.task.endsWith(".answer"));
}

/** The open pause hold of a path ("" for the whole run). */
export function pauseOf(view: RunView, path: string): HoldView | undefined {
  return [...view.holds.values()].find((hold) => hold.kind === "pause" && hold.scope === path);
}
