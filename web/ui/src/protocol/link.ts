/**
 * One WebSocket that is kept up: reconnects with growing waits, notices a dead peer by silence, and says what it is
 * doing. It knows nothing of what the messages mean.
 */
import { parseJson } from "./decode";

export interface SocketHandlers {
  opened(): void;
  received(text: string): void;
  closed(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

export type OpenSocket = (handlers: SocketHandlers) => Socket;

export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "up" }
  | { readonly kind: "waiting"; readonly tries: number; readonly retryAtMs: number }
  | { readonly kind: "refused"; readonly code: number };

export interface LinkListener {
  up(): void;
  message(message: unknown): void;
  changed(state: LinkState): void;
}

const pingEveryMs = 10_000;
const silenceMaxMs = 25_000;
const waitMinMs = 250;
const waitMaxMs = 8_000;
/** Close codes after which trying again cannot help. */
const refusals: readonly number[] = [1008, 4401, 4403, 4404];

export class Link {
  private socket: Socket | null = null;
  private generation = 0;
  private tries = 0;
  private heardMs = 0;
  private pings = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly open: OpenSocket,
    private readonly listener: LinkListener,
  ) {}

  start(): void {
    this.connect();
    this.pingTimer = setInterval(() => {
      this.beat();
    }, pingEveryMs);
  }

  stop(): void {
    clearInterval(this.pingTimer);
    clearTimeout(this.retryTimer);
    this.generation++;
    this.socket?.close();
    this.socket = null;
  }

  /** Drops the connection and makes a new one now: after a gap, or when the network is back. */
  restart(): void {
    clearTimeout(this.retryTimer);
    this.generation++;
    this.socket?.close();
    this.connect();
  }

  send(message: unknown): void {
    this.socket?.send(JSON.stringify(message));
  }

  private connect(): void {
    const generation = ++this.generation;
    const isCurrent = () => generation === this.generation;
    this.heardMs = Date.now();
    this.listener.changed({ kind: "connecting" });
    this.socket = this.open({
      opened: () => {
        if (!isCurrent()) return;
        this.heardMs = Date.now();
        this.listener.changed({ kind: "up" });
        this.listener.up();
      },
      received: (text) => {
        if (!isCurrent()) return;
        this.heardMs = Date.now();
        this.tries = 0;
        this.listener.message(parseJson(text));
      },
      closed: (code) => {
        if (isCurrent()) this.down(code);
      },
    });
  }

  private down(code: number): void {
    this.generation++;
    this.socket = null;
    if (refusals.includes(code)) {
      this.listener.changed({ kind: "refused", code });
      return;
    }
    const ceiling = Math.min(waitMaxMs, waitMinMs * 2 ** this.tries);
    const waitMs = ceiling * (0.5 + Math.random() / 2);
    this.tries++;
    this.listener.changed({ kind: "waiting", tries: this.tries, retryAtMs: Date.now() + waitMs });
    this.retryTimer = setTimeout(() => {
      this.connect();
    }, waitMs);
  }

  private beat(): void {
    if (!this.socket) return;
    if (Date.now() - this.heardMs > silenceMaxMs) {
      this.socket.close();
      this.down(1006);
      return;
    }
    this.send({ op: "ping", n: ++this.pings });
  }
}

/** The browser's own WebSocket to this page's service. */
export const openBrowserSocket: OpenSocket = (handlers) => {
  const address = new URL("/api/ws", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    handlers.opened();
  });
  socket.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (typeof event.data === "string") handlers.received(event.data);
  });
  socket.addEventListener("close", (event) => {
    handlers.closed(event.code);
  });
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      socket.close();
    },
  };
};
