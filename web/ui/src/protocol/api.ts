/** The REST side of docs/api.md. Every answer is decoded; every refusal becomes an ApiError. */
import * as o from "./objects";
import { DecodeError, json, object, parseJson, string, type Decoder } from "./decode";
import type { Command } from "./commands";

export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly code: string,
    message: string,
    readonly current?: unknown,
  ) {
    super(message);
  }
}

export interface NewRun {
  readonly id: string;
  readonly question: string;
  readonly collections: readonly string[];
  readonly plan_review: boolean;
  readonly approvals: "ask" | "auto";
  readonly contrast: number;
  readonly budget: o.Budget;
}

const errorBody = object({ error: o.apiError });
const ackBody = object({ ack: o.ack });
const nothing: Decoder<null> = () => null;

export function errorOf(body: unknown, status: number): ApiError {
  try {
    const { error } = errorBody(body, "");
    const current = error.current ?? json(body, "")["current"];
    return new ApiError(
      error.code || `http_${status}`,
      error.message || `The service answered ${status}.`,
      current,
    );
  } catch {
    return new ApiError(`http_${status}`, `The service answered ${status}.`);
  }
}

async function call<T>(decode: Decoder<T>, path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new ApiError("unreachable", "The service cannot be reached.");
  }
  const body = parseJson(await response.text());
  if (!response.ok) throw errorOf(body, response.status);
  try {
    return decode(body, "");
  } catch (error) {
    if (error instanceof DecodeError)
      throw new ApiError("malformed", `The answer cannot be read: ${error.message}`);
    throw error;
  }
}

function post<T>(decode: Decoder<T>, path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return call(decode, path, { method: "POST", headers, body: JSON.stringify(body) });
}

function query(values: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== "");
  return pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
}

const at = encodeURIComponent;

export const api = {
  openSession: (token: string) => post(nothing, "/api/session", { token }),

  createRun: (run: NewRun) => post(o.runSummary, "/api/runs", run),
  runs: (before = "") => call(o.runPage, `/api/runs?${query({ limit: 50, before })}`),
  run: (run: string) => call(o.runSummary, `/api/runs/${at(run)}`),
  deleteRun: (run: string) => call(nothing, `/api/runs/${at(run)}`, { method: "DELETE" }),
  fork: (run: string, fork: { readonly at_seq: number; readonly id: string; readonly title: string }) =>
    post(o.runSummary, `/api/runs/${at(run)}/fork`, fork),
  command: (run: string, command: Command) => post(ackBody, `/api/runs/${at(run)}/commands`, command),
  planMarkdown: async (run: string, rev: number): Promise<string> => {
    const response = await fetch(`/api/runs/${at(run)}/plan?rev=${rev}`, {
      headers: { Accept: "text/markdown" },
      credentials: "same-origin",
    });
    const text = await response.text();
    if (!response.ok) throw errorOf(parseJson(text), response.status);
    return text;
  },
  generation: (run: string, seq: number) => call(o.generation, `/api/runs/${at(run)}/generations/${seq}`),
  files: (run: string) => call(o.files, `/api/runs/${at(run)}/files`),
  fileAddress: (run: string, path: string) =>
    `/api/runs/${at(run)}/files/${path.split("/").map(at).join("/")}`,
  exportAddress: (run: string, format: "markdown" | "json" | "events") =>
    `/api/runs/${at(run)}/export?format=${format}`,

  collections: () => call(o.collections, "/api/collections"),
  documents: (collection: string, after = "") =>
    call(o.documentPage, `/api/documents?${query({ collection, limit: 100, after })}`),
  document: (document: string) => call(o.documentDetail, `/api/documents/${at(document)}`),
  documentText: (document: string, begin: number, end: number) =>
    call(o.documentText, `/api/documents/${at(document)}/text?${query({ begin, end })}`),
  originalAddress: (document: string) => `/api/documents/${at(document)}/original`,
  deleteDocument: (document: string) => call(nothing, `/api/documents/${at(document)}`, { method: "DELETE" }),
  search: (q: string, collection: string) =>
    call(o.searchResult, `/api/search?${query({ q, collection, limit: 20 })}`),
  tools: () => call(o.tools, "/api/tools"),
  model: () => call(o.modelInfo, "/api/model"),
  health: () => call(object({ status: string, version: string }), "/api/health"),
};
