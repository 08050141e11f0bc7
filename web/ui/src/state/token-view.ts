/** What the token view shows of a text, from the service's figures. Pure. */
import type { Generation, ShownToken } from "../protocol/objects";
import { brief } from "./labels";

/**
 * What colours a text: how open the choice was, how unlikely the token that was taken, how far the model was from its
 * sources, or where the attention went.
 */
export type Heat = "entropy" | "surprise" | "conflict" | { readonly source: number };

export function heatNamed(name: string): Heat {
  return name === "entropy" || name === "surprise" || name === "conflict" ? name : { source: Number(name) };
}

/** Above this many nats a choice is as open as the colour can say: about twenty equally likely tokens. */
const openEntropy = 3;

export const probability = (logprob: number): number => Math.exp(Math.min(0, logprob));

/** 0 to 1. */
export function heatOf(token: ShownToken, heat: Heat, most: number): number {
  if (heat === "entropy") return Math.min(1, token.entropy / openEntropy);
  if (heat === "surprise") return 1 - probability(token.logprob);
  if (heat === "conflict") return token.conflict;
  return most === 0 ? 0 : (token.attention[heat.source] ?? 0) / most;
}

/** The largest share of attention that a token of the text has for a source: what full colour means. */
export function mostAttention(tokens: readonly ShownToken[], heat: Heat): number {
  if (typeof heat === "string") return 0;
  return Math.max(0, ...tokens.map((token) => token.attention[heat.source] ?? 0));
}

/** A token as text that can be seen: a line break as such, part of a character as a dot. */
export function visible(text: string): string {
  return text === "" ? "·" : text.replaceAll("\n", "⏎\n");
}

/** A token in a list, where blanks at its ends matter. */
export function quoted(text: string): string {
  return text === "" ? "part of a character" : `“${text.replaceAll("\n", "⏎")}”`;
}

export function percentOf(share: number): string {
  const percent = share * 100;
  return `${percent >= 10 || percent === 0 ? percent.toFixed(0) : percent.toPrecision(2)} %`;
}

/** Experts of one token as a map: 1 where an expert was used. Rows are as long as those of the whole text. */
export function mapOf(
  token: ShownToken,
  use: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  return use.map((row, layer) => row.map((_, expert) => (token.experts[layer]?.includes(expert) ? 1 : 0)));
}

/** "with 2 experts from token 14 on" for what a person set while the text was written. */
export function expertsSentence(generation: Generation): string {
  return generation.experts_set
    .map(({ token, experts }) => {
      const many = experts === 0 ? "the model’s own number of experts" : `${experts} experts a layer`;
      return token === 0 ? `with ${many}` : `with ${many} from token ${token + 1} on`;
    })
    .join(", ");
}

/** The sources that the text looked at, most first. */
export function sourcesOf(
  generation: Generation,
  token: ShownToken,
): readonly { readonly name: string; readonly text: string; readonly share: number }[] {
  return generation.sources
    .map(({ name, text }, index) => ({ name, text: brief(text, 90), share: token.attention[index] ?? 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .slice(0, 8);
}
