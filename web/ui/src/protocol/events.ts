/** One event of a run's log, decoded. The union is discriminated by `type`. */
import { DecodeError, boolean, json, nullable, number, object, string, type Infer } from "./decode";
import { eventData, type EventData, type EventType } from "./events.generated";

const envelope = object({
  run: string,
  seq: number,
  epoch: number,
  ts: number,
  type: string,
  actor: string,
  path: string,
  step: nullable(string),
  attempt: number,
  action: nullable(string),
  pos: number,
  cmd: nullable(string),
  ephemeral: boolean,
});
type Envelope = Infer<typeof envelope>;

type Typed<T extends EventType> = Omit<Envelope, "type"> & { readonly type: T; readonly data: EventData[T] };
export type EventOf<T extends EventType> = { readonly [K in T]: Typed<K> }[T];
export type KnownEvent = EventOf<EventType>;

/** An event of a newer service, or one that could not be read: it keeps its place in the log and says why. */
export type UnreadableEvent = Omit<Envelope, "type"> & {
  readonly type: "unreadable";
  readonly data: { readonly original: string; readonly problem: string };
};
export type RunEvent = KnownEvent | UnreadableEvent;

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventData, type);
}

/** Throws DecodeError only when the envelope itself (the place in the log) cannot be read. */
export function decodeEvent(value: unknown): RunEvent {
  const head = envelope(value, "");
  if (head.type === "" || !Number.isSafeInteger(head.seq) || head.seq < 1)
    throw new DecodeError("event: no type or seq");
  const unreadable = (problem: string): UnreadableEvent => ({
    ...head,
    type: "unreadable",
    data: { original: head.type, problem },
  });
  if (!isEventType(head.type)) return unreadable("this page does not know the type");
  try {
    const data = eventData[head.type](json(value, "")["data"], "data");
    return { ...head, data } as KnownEvent; // `data` was decoded by the entry of this very type.
  } catch (error) {
    if (error instanceof DecodeError) return unreadable(error.message);
    throw error;
  }
}
