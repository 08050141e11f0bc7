/**
 * One run's events over one WebSocket: history, then live, each durable event exactly once and in order whatever the
 * network does. Commands travel the other way and are sent again under the same id until they are answered.
 */
import { errorOf, type ApiError } from "./api";
import type { Command } from "./commands";
import { DecodeError } from "./decode";
import type { RunEvent } from "./events";
import { Link, type LinkState, type OpenSocket } from "./link";
import { decodeMessage, type ServerMessage } from "./messages";

export type FeedState =
  | { readonly kind: "connecting" }
  | { readonly kind: "catching_up" }
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting"; readonly tries: number; readonly retryAtMs: number }
  | { readonly kind: "refused"; readonly why: string };

export interface FeedListener {
  event(event: RunEvent): void;
  state(state: FeedState): void;
  problem(text: string): void;
}

interface Waiting {
  readonly command: Command;
  readonly accept: (seq: number) => void;
  readonly refuse: (error: ApiError) => void;
}

export class RunFeed {
  private cursor = 0;
  private readonly waiting = new Map<string, Waiting>();
  private readonly link: Link;

  constructor(
    private readonly run: string,
    open: OpenSocket,
    private readonly listener: FeedListener,
  ) {
    this.link = new Link(open, {
      up: () => {
        this.subscribe();
        for (const { command } of this.waiting.values()) this.transmit(command);
      },
      message: (message) => {
        this.receive(message);
      },
      changed: (state) => {
        this.changed(state);
      },
    });
  }

  start(): void {
    this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  reconnect(): void {
    this.link.restart();
  }

  /** Resolves with the position at which the command entered the log; rejects with the service's refusal. */
  send(command: Command): Promise<number> {
    return new Promise((accept, refuse) => {
      this.waiting.set(command.id, { command, accept, refuse });
      this.transmit(command);
    });
  }

  private transmit(command: Command): void {
    this.link.send({ op: "cmd", run: this.run, cmd: command });
  }

  private subscribe(): void {
    this.listener.state({ kind: "catching_up" });
    this.link.send({ op: "sub", run: this.run, after: this.cursor });
  }

  private changed(state: LinkState): void {
    switch (state.kind) {
      case "connecting":
        this.listener.state(this.cursor === 0 ? { kind: "connecting" } : { kind: "catching_up" });
        return;
      case "up":
        return;
      case "waiting":
        this.listener.state({ ...state, kind: "reconnecting" });
        return;
      case "refused":
        this.listener.state({ kind: "refused", why: `The service closed the connection (${state.code}).` });
        return;
    }
  }

  private receive(raw: unknown): void {
    let message: ServerMessage;
    try {
      message = decodeMessage(raw);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.listener.problem(`A message of the service cannot be read: ${error.message}`);
      return;
    }
    this.handle(message);
  }

  private handle(message: ServerMessage): void {
    switch (message.op) {
      case "event":
        this.take(message.event);
        return;
      case "live":
        this.listener.state({ kind: "live" });
        return;
      case "gap":
        this.subscribe();
        return;
      case "ack":
        this.settle(message.id)?.accept(message.seq);
        return;
      case "nack":
        this.settle(message.id)?.refuse(errorOf({ error: message.error }, 0));
        return;
      case "error":
        this.failed(message.run, errorOf({ error: message.error }, 0).message);
        return;
      case "run":
      case "drain":
      case "other":
        return;
    }
  }

  /** With a run it is the subscription that failed: there is no such run, or it may not be seen. */
  private failed(run: string, why: string): void {
    if (run === "") {
      this.listener.problem(why);
      return;
    }
    this.link.stop();
    this.listener.state({ kind: "refused", why });
  }

  private settle(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private take(event: RunEvent): void {
    if (event.ephemeral) {
      if (event.seq <= this.cursor) this.listener.event(event);
      return;
    }
    if (event.seq <= this.cursor) return;
    if (event.seq !== this.cursor + 1) {
      this.link.restart();
      return;
    }
    this.cursor = event.seq;
    this.listener.event(event);
  }
}
