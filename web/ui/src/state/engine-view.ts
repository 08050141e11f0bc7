/** What the model page shows of an engine, from the service's figures. Pure. */
import type { Engine, EngineLive, ModelInfo } from "../protocol/objects";
import { bytesLabel, countLabel } from "./labels";

/** One layer of the expert map. */
export interface LayerUse {
  readonly layer: number;
  /** 0 to 1 an expert, 1 being four times its even share or more. Empty: a dense layer. */
  readonly levels: readonly number[];
  readonly tokens: readonly number[];
  readonly busiest: number;
  /** Of the layer's tokens, 0 to 1. */
  readonly busiestShare: number;
  readonly idle: number;
}

/** How a layer's tokens spread over its experts. Layers compare, since each is measured by its own even share. */
export function layerUses(use: readonly (readonly number[])[]): readonly LayerUse[] {
  return use.map((tokens, layer) => {
    const total = tokens.reduce((sum, count) => sum + count, 0);
    const most = Math.max(0, ...tokens);
    const full = (4 * total) / Math.max(1, tokens.length);
    return {
      layer,
      levels: tokens.map((count) => (full === 0 ? 0 : Math.min(1, count / full))),
      tokens,
      busiest: tokens.indexOf(most),
      busiestShare: total === 0 ? 0 : most / total,
      idle: tokens.filter((count) => count === 0).length,
    };
  });
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

export function engineFacts(engine: Engine): readonly Fact[] {
  const routing =
    engine.experts === 0
      ? "none: every layer is dense"
      : `${countLabel(engine.experts_used)} of ${countLabel(engine.experts)} for each token in each layer`;
  const context = engine.tokens_per_page * engine.live.pages;
  return [
    { name: "Architecture", value: engine.architecture },
    { name: "File", value: engine.file },
    {
      name: "Parameters",
      value: `${shortCount(engine.parameters)}, ${shortCount(engine.active_parameters)} active for a token`,
    },
    { name: "Layers", value: countLabel(engine.layers) },
    { name: "Experts", value: routing },
    { name: "Weights", value: `${engine.weights_type}, ${bytesLabel(engine.weight_bytes)} in memory` },
    { name: "Context", value: `${countLabel(engine.context_length)} tokens` },
    {
      name: "Keys and values",
      value: `${bytesLabel(engine.page_bytes * engine.live.pages)} in ${countLabel(engine.live.pages)} pages, room for ${countLabel(context)} tokens of all requests`,
    },
    { name: "Vocabulary", value: `${countLabel(engine.vocabulary)} tokens` },
    { name: "Computed with", value: engine.instruction_set },
  ].filter(({ value }) => value !== "");
}

/** "21 million": parameters are read by their size, not to the last one. */
export function shortCount(count: number): string {
  const steps = [
    { size: 1e9, word: " billion" },
    { size: 1e6, word: " million" },
  ];
  const step = steps.find(({ size }) => count >= size);
  if (!step) return countLabel(count);
  const scaled = count / step.size;
  return `${scaled >= 100 ? scaled.toFixed(0) : scaled.toPrecision(2).replace(/\.0$/, "")}${step.word}`;
}

/** Of all prompt tokens, those that a shared prefix spared; null before the first. */
export function cachedShare(live: EngineLive): number | null {
  const prompt = live.prefill_tokens + live.cached_tokens;
  return prompt === 0 ? null : live.cached_tokens / prompt;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

interface Ability {
  readonly can: string;
  readonly cannot: string;
}

const abilities: Readonly<Record<string, Ability>> = {
  follows_instructions: {
    can: "Writes prose from instructions.",
    cannot: "Does not write prose of its own: its answers are sentences of the sources.",
  },
  exact_choice: {
    can: "Chooses between answers by its own probabilities.",
    cannot: "Its choices between answers are estimates, not probabilities read from a model.",
  },
  bound_quotes: {
    can: "Its quotes cannot leave the sources: every one is there word for word.",
    cannot: "Its quotes are checked against the sources after they are written.",
  },
  embeds: {
    can: "Turns texts into vectors, so that search finds meaning as well as words.",
    cannot: "Has no vectors of texts: search goes by words alone.",
  },
  deterministic: {
    can: "Gives the same answer to the same request, every time.",
    cannot: "May answer the same request differently the next time.",
  },
  resumes_at_token: {
    can: "Goes on at the very token where a pause or a restart stopped it.",
    cannot: "Begins a text anew after a restart.",
  },
  shows_tokens: {
    can: "Shows what went into each of its tokens, and measures how far a source carries a sentence.",
    cannot: "Does not show its tokens, and cannot measure how far a source carries a sentence.",
  },
};

/** What the model can and cannot do, as sentences; a capability of a newer service by its name. */
export function capabilitySentences(
  capabilities: Readonly<Record<string, unknown>>,
): readonly { readonly name: string; readonly isGiven: boolean; readonly sentence: string }[] {
  return Object.entries(capabilities).map(([name, value]) => {
    const isGiven = value === true;
    const known = abilities[name];
    const sentence = known
      ? isGiven
        ? known.can
        : known.cannot
      : `${name.replaceAll("_", " ")}: ${String(value)}`;
    return { name, isGiven, sentence };
  });
}

/** Why answers cannot be drawn toward their sources, as a sentence; null where the model can do it. */
export function contrastRefusal(model: ModelInfo | null): string | null {
  if (model === null) return "Not known yet: the model has not answered.";
  const { shows_tokens, follows_instructions } = model.capabilities;
  if (shows_tokens === true && follows_instructions === true) return null;
  return `${model.name} cannot draw its answers toward the sources: that takes a model in the process that writes prose of its own.`;
}
