import { describe, expect, it } from "vitest";
import { generation } from "../protocol/objects";
import { event, eventJson } from "../testing/events";
import { decodeEvent } from "../protocol/events";
import { foldRun } from "./reduce-run";
import { answerGeneration } from "./run-view";
import { supportOf } from "./support";
import {
  expertsSentence,
  heatNamed,
  heatOf,
  mapOf,
  mostAttention,
  percentOf,
  quoted,
  sourcesOf,
  visible,
} from "./token-view";

const text = generation(
  {
    generation: 3,
    task: "deep_search.answer",
    prompt_tokens: 9,
    sources: [
      { name: "question", text: "Why?" },
      { name: "evidence 1 quote", text: "Because." },
      { name: "unread", text: "Else" },
    ],
    tokens: [
      { text: "a", logprob: -0.1, entropy: 0.3, attention: [0.2, 0.4, 0], experts: [[1], []], top: [] },
      {
        text: "",
        logprob: -4,
        entropy: 9,
        conflict: 0.7,
        attention: [0.1, 0.1, 0],
        experts: [[0], []],
        top: [],
      },
    ],
    experts_set: [
      { token: 0, experts: 2 },
      { token: 14, experts: 0 },
    ],
    experts: { tokens: 2, use: [[1, 1], []], routing_consistency: 0 },
  },
  "",
);
const [first, second] = text.tokens;
if (!first || !second) throw new Error("there are two tokens");

describe("the tokens of a text", () => {
  it("are coloured by what is asked for", () => {
    expect(heatOf(first, "entropy", 0)).toBeCloseTo(0.1);
    expect(heatOf(second, "entropy", 0)).toBe(1);
    expect(heatOf(first, "surprise", 0)).toBeCloseTo(0.095, 2);
    expect(heatOf(first, "conflict", 0)).toBe(0);
    expect(heatOf(second, heatNamed("conflict"), 0)).toBe(0.7);
    expect(heatNamed("2")).toEqual({ source: 2 });
    expect(mostAttention(text.tokens, { source: 1 })).toBe(0.4);
    expect(heatOf(second, { source: 1 }, 0.4)).toBe(0.25);
  });

  it("can be seen even where they are no characters", () => {
    expect(visible("a\n")).toBe("a⏎\n");
    expect(visible("")).toBe("·");
    expect(quoted("")).toBe("part of a character");
    expect(percentOf(0.00123)).toBe("0.12 %");
  });

  it("say what they looked at, most first, and nothing of what they did not", () => {
    expect(sourcesOf(text, first).map(({ name }) => name)).toEqual(["evidence 1 quote", "question"]);
  });

  it("have a map of their experts as wide as the text's", () => {
    expect(mapOf(first, text.experts.use)).toEqual([[0, 1], []]);
  });

  it("say what a person set while they were written", () => {
    expect(expertsSentence(text)).toBe(
      "with 2 experts a layer, with the model’s own number of experts from token 15 on",
    );
  });
});

describe("the view of a run", () => {
  const place = { step: "s1", attempt: 1, pos: 4 };
  const events = [
    event(1, "run.submitted", { question: "Q?" }),
    event(2, "gen.started", { task: "deep_search.queries", prompt: [1] }, { ...place, pos: 2 }),
    event(3, "gen.started", { task: "deep_search.answer", message: "", prompt: [1, 2] }, place),
    event(4, "experts.set", { experts: 3 }, { actor: "user:ann" }),
    event(5, "gen.checkpoint", { message: "", offset: 0, text: "ab", tokens: [7, 8] }, place),
    event(6, "gen.checkpoint", { message: "", offset: 2, text: "c", tokens: [9] }, place),
  ];

  it("counts the tokens of every text and remembers the experts that were set", () => {
    const view = foldRun(events);

    expect(answerGeneration(view)).toMatchObject({ seq: 3, tokens: 3 });
    expect(view.generations.get("2")?.tokens).toBe(0);
    expect(view.experts).toBe(3);
    expect(view.messages.size).toBe(0);
  });

  it("joins what was committed of a message, also behind what was streamed", () => {
    const commit = (seq: number, offset: number, part: string) =>
      event(seq, "gen.checkpoint", { message: "m", offset, text: part, tokens: [1] }, place);
    const delta = decodeEvent({
      ...eventJson(2, "message.delta", { message: "m", offset: 3, text: "d" }, place),
      ephemeral: true,
    });

    const view = foldRun([commit(1, 0, "ab"), commit(2, 2, "c"), delta, commit(3, 3, "d")]);

    expect(view.messages.get("m")?.text).toBe("abcd");
  });
});

describe("measured support", () => {
  it("says what a source does to a sentence", () => {
    expect(supportOf(0.5)).toMatchObject({ kind: "carries", figure: "+0.50" });
    expect(supportOf(-0.031)).toMatchObject({ kind: "against", figure: "−0.03" });
    expect(supportOf(0.001)).toMatchObject({ kind: "nothing", figure: "±0" });
  });
});
