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
