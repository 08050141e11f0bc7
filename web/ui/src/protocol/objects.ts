/** The objects of the wire (docs/api.md, "Objects"), each with its decoder. */
import { any, array, boolean, json, nullable, number, object, oneOf, string, type Infer } from "./decode";

export const budget = object({ time_s: number, tokens: number, tool_calls: number });
export type Budget = Infer<typeof budget>;

export const usage = object({
  tokens_in: number,
  tokens_out: number,
  tool_calls: number,
  model_calls: number,
  time_ms: number,
});
export type Usage = Infer<typeof usage>;

export const step = object({
  id: string,
  title: string,
  goal: string,
  agent: string,
  inputs: array(string),
  tools: array(string),
  done_when: string,
  risk: oneOf("low", "medium", "high"),
  author: string,
});
export type Step = Infer<typeof step>;

export const plan = object({ rev: number, steps: array(step) });
export type Plan = Infer<typeof plan>;

/** Patches are shown, never interpreted: the resulting steps travel with them. */
export const planOp = json;

export const hold = object({
  hold: string,
  kind: string,
  scope: string,
  title: string,
  detail: json,
  fingerprint: string,
  opened_seq: number,
  opened_ms: number,
  expires_ms: nullable(number),
  on_expiry: string,
});
export type Hold = Infer<typeof hold>;

export const option = object({ label: string, p: number });
export const knowledgeEntry = object({
  question: string,
  statement: string,
  evidence: array(string),
  confidence: number,
});
export type KnowledgeEntry = Infer<typeof knowledgeEntry>;
export const entity = object({
  id: string,
  name: string,
  kind: string,
  mentions: number,
  evidence: array(string),
});
export type Entity = Infer<typeof entity>;
export const relation = object({ from: string, to: string, label: string, evidence: any });
export type Relation = Infer<typeof relation>;
/** How far each citation carries a sentence: by how much hiding it makes the sentence less likely, in nats a token. */
export const measured = object({ with_all: number, without_any: number, gains: array(number) });
export const sentence = object({
  text: string,
  citations: array(string),
  support: any,
  measured: nullable(measured),
});
export type Sentence = Infer<typeof sentence>;
export const conflict = object({ about: string, evidence: array(string) });
export type Conflict = Infer<typeof conflict>;

export const source = object({ name: string, text: string });
export const expertChange = object({ token: number, experts: number });
export const shownToken = object({
  text: string,
  logprob: number,
  entropy: number,
  conflict: number,
  top: array(object({ text: string, logprob: number })),
  attention: array(number),
  experts: array(array(number)),
});
export type ShownToken = Infer<typeof shownToken>;
export const generation = object({
  generation: number,
  step: string,
  task: string,
  model: string,
  prompt_tokens: number,
  contrast: number,
  sources: array(source),
  text: string,
  tokens: array(shownToken),
  experts_set: array(expertChange),
  experts: object({ tokens: number, use: array(array(number)), routing_consistency: number }),
});
export type Generation = Infer<typeof generation>;

export const runSummary = object({
  run: string,
  title: string,
  question: string,
  agent: string,
  collections: array(string),
  phase: string,
  status: nullable(string),
  seq: number,
  created_ms: number,
  updated_ms: number,
  parent: nullable(string),
  at_seq: nullable(number),
  holds: array(hold),
  usage,
  budget,
  answer: nullable(object({ not_found: boolean, sentences: any })),
});
export type RunSummary = Infer<typeof runSummary>;
export const runPage = object({ runs: array(runSummary), next: nullable(string) });

export const collection = object({ name: string, documents: number, chunks: number, bytes: number });
export type Collection = Infer<typeof collection>;
export const collections = object({ collections: array(collection) });

export const documentSummary = object({
  document: string,
  collection: string,
  source: string,
  title: string,
  media_type: string,
  bytes: number,
  text_bytes: number,
  chunks: number,
  hash: string,
  added_ms: number,
});
export type DocumentSummary = Infer<typeof documentSummary>;
export const documentPage = object({ documents: array(documentSummary), next: nullable(string) });
export const documentDetail = object({
  document: string,
  collection: string,
  source: string,
  title: string,
  media_type: string,
  bytes: number,
  text_bytes: number,
  chunks: number,
  added_ms: number,
  sections: array(object({ title: string, level: number, begin: number, end: number })),
});
export type DocumentDetail = Infer<typeof documentDetail>;
export const documentText = object({
  document: string,
  title: string,
  begin: number,
  end: number,
  size: number,
  text: string,
});
export type DocumentText = Infer<typeof documentText>;
export const uploadResult = object({
  documents: array(documentSummary),
  outcome: string,
  skipped: array(object({ source: string, reason: string })),
});
export type UploadResult = Infer<typeof uploadResult>;

export const searchHit = object({
  document: string,
  title: string,
  section: string,
  collection: string,
  begin: number,
  end: number,
  text: string,
  score: number,
  parts: object({ bm25: nullable(number), dense: nullable(number) }),
});
export type SearchHit = Infer<typeof searchHit>;
export const searchResult = object({ hits: array(searchHit), took_ms: number });

export const tool = object({ name: string, description: string, effect: string, risk: string });
export type Tool = Infer<typeof tool>;
export const tools = object({ tools: array(tool) });

export const engineLive = object({
  waiting: number,
  running: number,
  paused: number,
  batch_tokens: number,
  pages: number,
  pages_used: number,
  pages_cached: number,
  prefill_tokens: number,
  cached_tokens: number,
  decode_tokens: number,
  prefill_tokens_per_s: number,
  decode_tokens_per_s: number,
  expert_tokens: array(array(number)),
});
export type EngineLive = Infer<typeof engineLive>;
export const engine = object({
  architecture: string,
  file: string,
  weights_type: string,
  parameters: number,
  active_parameters: number,
  layers: number,
  experts: number,
  experts_used: number,
  experts_max: number,
  context_length: number,
  vocabulary: number,
  weight_bytes: number,
  page_bytes: number,
  tokens_per_page: number,
  instruction_set: string,
  live: engineLive,
});
export type Engine = Infer<typeof engine>;
export const modelInfo = object({
  provider: string,
  name: string,
  summary: string,
  capabilities: json,
  limits: array(string),
  chat: nullable(object({ name: string, context_length: number, calls_tools: boolean })),
  engine: nullable(engine),
});
export type ModelInfo = Infer<typeof modelInfo>;

export const fileEntry = object({ path: string, bytes: number, hash: string });
export type FileEntry = Infer<typeof fileEntry>;
export const files = object({ files: array(fileEntry) });

export const ack = object({ id: string, seq: number });
export type Ack = Infer<typeof ack>;
export const apiError = object({ code: string, message: string, current: any });
