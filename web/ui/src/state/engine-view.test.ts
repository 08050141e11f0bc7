import { describe, expect, it } from "vitest";
import { modelInfo } from "../protocol/objects";
import {
  cachedShare,
  capabilitySentences,
  contrastRefusal,
  engineFacts,
  layerUses,
  shortCount,
} from "./engine-view";
import { parseRoute } from "./route";

const info = modelInfo(
  {
    provider: "engine",
    name: "tiny",
    engine: {
      architecture: "qwen3moe",
      parameters: 21_300_000,
      active_parameters: 5_100_000,
      layers: 2,
      experts: 4,
      experts_used: 1,
      page_bytes: 1024,
      tokens_per_page: 16,
      live: { pages: 8, prefill_tokens: 75, cached_tokens: 25, expert_tokens: [[10, 30, 0, 0], []] },
    },
  },
  "",
);
const engine = info.engine;
if (!engine) throw new Error("the model has an engine");

describe("the expert map", () => {
  it("measures every layer by its own even share", () => {
    const [first, dense] = layerUses(engine.live.expert_tokens);

    expect(first).toMatchObject({ busiest: 1, busiestShare: 0.75, idle: 2 });
    expect(first?.levels).toEqual([0.25, 0.75, 0, 0]);
    expect(dense).toMatchObject({ levels: [], busiest: -1, busiestShare: 0, idle: 0 });
  });

  it("is empty of colour before the first token", () => {
    const [layer] = layerUses([[0, 0]]);

    expect(layer?.levels).toEqual([0, 0]);
  });
});

describe("the facts of an engine", () => {
  it("say what is active and what memory holds", () => {
    const facts = new Map(engineFacts(engine).map(({ name, value }) => [name, value]));

    expect(facts.get("Parameters")).toBe("21 million, 5.1 million active for a token");
    expect(facts.get("Experts")).toBe("1 of 4 for each token in each layer");
    expect(facts.get("Keys and values")).toContain("room for 128 tokens");
    expect(facts.has("File")).toBe(false);
  });

  it("round large counts", () => {
    expect([999, 1_000_000, 6_920_000_000, 235_000_000_000].map(shortCount)).toEqual([
      "999",
      "1 million",
      "6.9 billion",
      "235 billion",
    ]);
  });

  it("know the share of prompts that was spared once there was one", () => {
    expect(cachedShare(engine.live)).toBe(0.25);
    expect(cachedShare({ ...engine.live, prefill_tokens: 0, cached_tokens: 0 })).toBeNull();
  });
});

describe("capabilities", () => {
  it("are sentences, also those of a newer service", () => {
    const sentences = capabilitySentences({ embeds: false, deterministic: true, sees_images: true });

    expect(sentences.map(({ isGiven }) => isGiven)).toEqual([false, true, true]);
    expect(sentences[0]?.sentence).toMatch(/^Has no vectors/);
    expect(sentences[2]?.sentence).toBe("sees images: true");
  });

  it("have a page of their own", () => {
    expect(parseRoute("#/model")).toEqual({ page: "model" });
  });
});

describe("contrast", () => {
  const refusal = (capabilities: object) => contrastRefusal({ ...info, capabilities: { ...capabilities } });

  it("is offered for a model that shows its tokens and writes them itself", () => {
    expect(refusal({ shows_tokens: true, follows_instructions: true })).toBeNull();
  });

  it("names the model that cannot: rules beside a model write templates, and a remote one shows no tokens", () => {
    expect(refusal({ shows_tokens: true, follows_instructions: false })).toContain("tiny");
    expect(refusal({ follows_instructions: true })).toContain("tiny");
    expect(contrastRefusal(null)).not.toBeNull();
  });
});
