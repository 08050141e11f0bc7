// Goal: the speed of llama.cpp on a GGUF file, in the same terms as `lyceum model bench`.
// Method: its prebuilt library from the npm package node-llama-cpp (installed beside this script on demand), CPU only;
// random tokens, prefill of the given lengths, then greedy decode token by token; medians over rounds. One JSON object.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "2" },
    prefill: { type: "string", default: "128,512" },
    decode: { type: "string", default: "32" },
    rounds: { type: "string", default: "3" },
  },
});
const threads = Number(options.threads);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const seconds = () => Number(process.hrtime.bigint()) / 1e9;

const llama = await getLlama({
  gpu: false,
  build: "never",
  maxThreads: threads,
  logLevel: LlamaLogLevel.warn,
});
const began = seconds();
const model = await llama.loadModel({ modelPath: positionals[0], useMmap: true });
const lengths = options.prefill.split(",").map(Number);
const numDecode = Number(options.decode);
const context = await model.createContext({
  contextSize: Math.max(...lengths) + numDecode + 8,
  batchSize: Math.max(...lengths),
  threads: { ideal: threads, min: threads },
  flashAttention: true,
});
const loadSeconds = seconds() - began;
const sequence = context.getSequence();
const vocabulary = model.fileInfo.metadata?.tokenizer?.ggml?.tokens?.length ?? 512;
const tokens = (count) =>
  Array.from({ length: count }, () => Math.floor(Math.random() * Math.min(vocabulary, 500)));

async function prefill(length) {
  await sequence.clearHistory();
  const input = tokens(length);
  const start = seconds();
  await sequence.evaluateWithoutGeneratingNewTokens(input);
  return length / (seconds() - start);
}

async function decode() {
  await sequence.clearHistory();
  let count = 0;
  let start = 0;
  for await (const _ of sequence.evaluate(tokens(16), { temperature: 0, yieldEogToken: true })) {
    if (count === 0) start = seconds();
    if (++count > numDecode) break;
  }
  return numDecode / (seconds() - start);
}

const result = { file: positionals[0], threads, load_seconds: loadSeconds, prefill: {}, decode: 0 };
for (const length of lengths) {
  const rates = [];
  for (let round = 0; round < Number(options.rounds); ++round) rates.push(await prefill(length));
  result.prefill[length] = median(rates);
}
const rates = [];
for (let round = 0; round < Number(options.rounds); ++round) rates.push(await decode());
result.decode = median(rates);
result.peak_memory_bytes = 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
console.log(JSON.stringify(result));
process.exit(0);
