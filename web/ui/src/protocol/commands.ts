/** What a person can ask of a run (docs/api.md, "Commands"). */
import type { Json } from "./decode";

export type StepFields = Readonly<{
  title?: string;
  goal?: string;
  agent?: string;
  inputs?: readonly string[];
  tools?: readonly string[];
  done_when?: string;
  risk?: string;
}>;

export type PlanOp =
  | {
      readonly op: "insert";
      readonly after: string | null;
      readonly step: StepFields & { readonly title: string };
    }
  | { readonly op: "update"; readonly step: string; readonly set: StepFields }
  | { readonly op: "delete"; readonly step: string }
  | { readonly op: "move"; readonly step: string; readonly after: string | null };

export type Decision = "approve" | "edit" | "deny" | "answer";

export type CommandBody =
  | { readonly type: "run.pause" | "run.resume"; readonly path?: string }
  | { readonly type: "run.cancel"; readonly reason?: string }
  | {
      readonly type: "plan.patch";
      readonly base_rev: number;
      readonly ops: readonly PlanOp[];
      readonly reason?: string;
    }
  | {
      readonly type: "plan.patch";
      readonly base_rev: number;
      readonly markdown: string;
      readonly reason?: string;
    }
  | {
      readonly type: "hold.resolve";
      readonly hold: string;
      readonly decision: Decision;
      readonly payload?: unknown;
      readonly comment?: string;
      readonly remember?: boolean;
    }
  | {
      readonly type: "step.retry" | "step.skip" | "step.takeover" | "step.return";
      readonly step: string;
      readonly reason?: string;
    }
  | { readonly type: "step.commit"; readonly step: string; readonly result: Json }
  | { readonly type: "note.inject"; readonly text: string; readonly path?: string }
  | {
      readonly type: "evidence.inject";
      readonly text: string;
      readonly document?: string;
      readonly begin?: number;
      readonly end?: number;
      readonly note?: string;
    }
  | {
      readonly type: "evidence.drop" | "evidence.restore";
      readonly evidence: string;
      readonly reason?: string;
    }
  | {
      readonly type: "budget.set";
      readonly time_s?: number;
      readonly tokens?: number;
      readonly tool_calls?: number;
    }
  | { readonly type: "experts.set"; readonly experts: number };

export type Command = CommandBody & { readonly id: string };
