/** An engine at work, as GET /api/model shows it: figures that grow with time, so that the page moves. */
const layers = 6;
const experts = 16;

export function engineOf(nowMs) {
  const seconds = Math.floor(nowMs / 1000) % 3600;
  const tokens = 40 + seconds * 12;
  // The first layer is dense, and expert 3 of every layer is never asked.
  const use = (layer, expert) => (expert === 3 ? 0 : ((layer * 7 + expert * 5) % 11) * tokens);
  return {
    architecture: "qwen3moe",
    file: "lyceum-1.gguf",
    weights_type: "Q8_0",
    parameters: 21_300_000,
    active_parameters: 5_100_000,
    layers,
    experts,
    experts_used: 2,
    experts_max: experts,
    context_length: 1024,
    vocabulary: 8192,
    weight_bytes: 22_700_000,
    page_bytes: 196_608,
    tokens_per_page: 16,
    instruction_set: "avx512-vnni",
    live: {
      waiting: 1,
      running: 2 + (seconds % 3),
      paused: 1,
      batch_tokens: 34,
      pages: 512,
      pages_used: 180,
      pages_cached: 96,
      prefill_tokens: tokens * 3,
      cached_tokens: tokens,
      decode_tokens: tokens,
      prefill_tokens_per_s: 812.4,
      decode_tokens_per_s: 43.1,
      expert_tokens: Array.from({ length: layers }, (_, layer) =>
        layer === 0 ? [] : Array.from({ length: experts }, (_, expert) => use(layer, expert)),
      ),
    },
  };
}

/** A text as GET /api/runs/{run}/generations/{seq} shows it: one token a word. */
export function generationOf(run, started) {
  const { step, data } = started;
  const parts = run.log.filter((event) => event.type === "gen.checkpoint" && event.pos === started.pos);
  const text = parts.map((event) => event.data.text).join("");
  const words = text.match(/\s?\S+/g) ?? [];
  const expertsOf = (index, layer) =>
    layer === 0 ? [] : [(index * 5 + layer) % experts, (index * 3 + layer * 7) % experts];
  const use = Array.from({ length: layers }, (_, layer) =>
    layer === 0
      ? []
      : Array.from(
          { length: experts },
          (_, expert) => words.filter((_, index) => expertsOf(index, layer).includes(expert)).length,
        ),
  );
  return {
    generation: started.seq,
    step,
    task: data.task,
    model: data.model,
    prompt_tokens: 42,
    sources: data.sources,
    text,
    tokens: words.map((word, index) => {
      const p = 0.95 - (index % 5) * 0.2;
      const top = [
        { text: word, logprob: Math.log(p) },
        { text: " else", logprob: Math.log((1 - p) / 2) },
        { text: "\n", logprob: Math.log((1 - p) / 4) },
      ];
      return {
        text: word,
        logprob: Math.log(p),
        entropy: (index % 5) * 0.7,
        top,
        attention: data.sources.map((_, source) => 0.3 / (1 + Math.abs(source - (index % 3)))),
        experts: Array.from({ length: layers }, (_, layer) => expertsOf(index, layer)),
      };
    }),
    experts_set: run.experts > 0 ? [{ token: 0, experts: run.experts }] : [],
    experts: { tokens: words.length, use, routing_consistency: 0.31 },
  };
}
