/** What the service says on the WebSocket (docs/api.md). */
import { any, json, number, object, string } from "./decode";
import { decodeEvent, type RunEvent } from "./events";
import { runSummary, type RunSummary } from "./objects";

export type ServerMessage =
  | { readonly op: "event"; readonly event: RunEvent }
  | { readonly op: "live" | "gap"; readonly seq: number }
  | { readonly op: "ack"; readonly id: string; readonly seq: number }
  | { readonly op: "nack"; readonly id: string; readonly error: unknown }
  | { readonly op: "run"; readonly run: RunSummary }
  | { readonly op: "error"; readonly run: string; readonly error: unknown }
  | { readonly op: "drain" | "other" };

const answered = object({ id: string, seq: number, error: any });

/** Throws DecodeError when the message cannot be read. */
export function decodeMessage(value: unknown): ServerMessage {
  const body = json(value, "message");
  const op = string(body["op"], "op");
  switch (op) {
    case "event":
      return { op, event: decodeEvent(body["event"]) };
    case "live":
      return { op, seq: number(body["seq"], "seq") };
    case "gap":
      return { op, seq: number(body["after"], "after") };
    case "ack": {
      const { id, seq } = answered(body, "");
      return { op, id, seq };
    }
    case "nack": {
      const { id, error } = answered(body, "");
      return { op, id, error };
    }
    case "run":
      return { op, run: runSummary(body["run"], "run") };
    case "error":
      return { op, run: string(body["run"], "run"), error: body["error"] };
    case "drain":
      return { op };
    default:
      return { op: "other" };
  }
}
