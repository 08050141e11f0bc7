/** What an action did, in a line: what was asked and what came out. */
import { json, type Json } from "../protocol/decode";
import type { EventData } from "../protocol/events.generated";
import { brief, plural } from "./labels";
import type { ActionView } from "./run-view";

export interface ActionLabel {
  readonly name: string;
  readonly what: string;
  readonly outcome: string;
  /** A model's choice by probabilities, to be drawn as bars. */
  readonly choice: EventData["decision.made"] | null;
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? json(value, "") : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function choiceOf(action: ActionView): ActionLabel["choice"] {
  const probabilities = list(record(action.result)["probabilities"]);
  const options = list(action.args["options"]).map((label, index) => {
    const p = probabilities[index];
    return { label: brief(label), p: typeof p === "number" ? p : 0 };
  });
  const best = [...options].sort((a, b) => b.p - a.p)[0];
  if (!best || probabilities.length !== options.length) return null;
  return { question: "", options, chosen: best.label, threshold: 0 };
}

/** What the model was asked about: the most telling of its slots. */
function subject(args: Json): string {
  const slots = record(args["slots"]);
  return brief(slots["quote"] ?? slots["statement"] ?? slots["question"] ?? slots, 140);
}

function modelLabel(action: ActionView, verb: string): ActionLabel {
  const task = brief(action.args["task"]).split(".").at(-1)?.replaceAll("_", " ") ?? "";
  const label = { name: verb, what: `${task}: ${subject(action.args)}`, outcome: "", choice: null };
  if (verb === "choose") {
    const choice = choiceOf(action);
    const p = choice?.options.find((option) => option.label === choice.chosen)?.p ?? 0;
    return choice ? { ...label, choice, outcome: `${choice.chosen} ${Math.round(p * 100)} %` } : label;
  }
  const result = record(action.result);
  if (verb === "quote" && action.result !== null) {
    return { ...label, outcome: plural(list(result["quotes"]).length, "quote") };
  }
  return label;
}

export function describeAction(action: ActionView): ActionLabel {
  if (action.name.startsWith("model.")) return modelLabel(action, action.name.slice("model.".length));
  const hits = record(action.result)["hits"];
  const args = Object.entries(action.args).map(([name, value]) => `${name}: ${brief(value, 80)}`);
  const query = action.args["query"] ?? action.args["url"] ?? action.args["path"];
  return {
    name: action.name,
    what: typeof query === "string" ? query : brief(args.join(", "), 140),
    outcome: Array.isArray(hits) ? plural(hits.length, "hit") : "",
    choice: null,
  };
}
