import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RunHistory } from "../state/history";
import { foldRun } from "../state/reduce-run";
import { wholeRun } from "../testing/events";
import type { Command } from "./commands";
import { decodeEvent } from "./events";
import type { OpenSocket, SocketHandlers } from "./link";
import { RunFeed, type FeedState } from "./run-feed";

/** The service's side of the sockets that a feed opens. */
class FakeService {
  readonly sockets: { handlers: SocketHandlers; sent: unknown[]; isOpen: boolean }[] = [];
  readonly open: OpenSocket = (handlers) => {
    const sent: unknown[] = [];
    const socket = { handlers, sent, isOpen: true };
    this.sockets.push(socket);
    return {
      send: (text) => sent.push(JSON.parse(text)),
      close: () => {
        socket.isOpen = false;
      },
    };
  };
  get last() {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }
  accept() {
    this.last.handlers.opened();
  }
  say(message: object) {
    this.last.handlers.received(JSON.stringify(message));
  }
  event(seq: number) {
    this.say({ op: "event", event: wholeRun[seq - 1] });
  }
  drop(code = 1006) {
    this.last.handlers.closed(code);
  }
  get asked() {
    return this.last.sent.at(-1);
  }
}

const pause: Command = { id: "c1", type: "run.pause", path: "" };

describe("RunFeed", () => {
  let service: FakeService;
  let feed: RunFeed;
  let history: RunHistory;
  let states: FeedState["kind"][];

  beforeEach(() => {
    vi.useFakeTimers();
    service = new FakeService();
    history = new RunHistory();
    states = [];
    feed = new RunFeed("R", service.open, {
      event: (event) => {
        history.add(event);
      },
      state: (state) => {
        states.push(state.kind);
      },
      problem: () => undefined,
    });
    feed.start();
  });
  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
  });

  const seqs = () => history.events.map((event) => event.seq);

  it("asks for everything first and is live when the service says so", () => {
    service.accept();
    expect(service.asked).toEqual({ op: "sub", run: "R", after: 0 });

    service.event(1);
    expect(states.at(-1)).toBe("catching_up");
    service.say({ op: "live", run: "R", seq: 1 });

    expect(states.at(-1)).toBe("live");
  });

  it("goes on after the last event when the connection was lost", () => {
    service.accept();
    service.event(1);
    service.event(2);
    service.drop();
    expect(states.at(-1)).toBe("reconnecting");

    vi.advanceTimersByTime(300);
    service.accept();

    expect(service.asked).toEqual({ op: "sub", run: "R", after: 2 });
  });

  it("takes every event once, however often it comes", () => {
    service.accept();
    for (const seq of [1, 2, 2, 1, 3]) service.event(seq);

    expect(seqs()).toEqual([1, 2, 3]);
  });

  it("asks again when an event is missing, instead of showing a log with a hole", () => {
    service.accept();
    service.event(1);
    service.event(3);
    expect(seqs()).toEqual([1]);

    service.accept();

    expect(service.asked).toEqual({ op: "sub", run: "R", after: 1 });
  });

  it("subscribes again when the service says that this reader was too slow", () => {
    service.accept();
    service.event(1);
    service.say({ op: "gap", run: "R", after: 1, earliest: 1 });

    expect(service.asked).toEqual({ op: "sub", run: "R", after: 1 });
  });

  it("does not listen to a connection that it has given up", () => {
    service.accept();
    service.event(1);
    const old = service.last;
    feed.reconnect();
    old.handlers.received(JSON.stringify({ op: "event", event: wholeRun[1] }));

    expect(seqs()).toEqual([1]);
  });

  it("notices a peer that went silent", () => {
    service.accept();
    service.event(1);

    vi.advanceTimersByTime(40_000);

    expect(states).toContain("reconnecting");
  });

  it("waits longer after every failure, but never longer than eight seconds", () => {
    for (let tries = 0; tries < 10; tries++) {
      service.drop();
      vi.advanceTimersByTime(8_000);
      expect(service.sockets).toHaveLength(tries + 2);
    }
  });

  it("does not try again when the service refused", () => {
    service.accept();
    service.drop(4404);
    vi.advanceTimersByTime(60_000);

    expect(states.at(-1)).toBe("refused");
    expect(service.sockets).toHaveLength(1);
  });

  it("stops when the run cannot be subscribed to", () => {
    service.accept();
    service.say({ op: "error", run: "R", error: { code: "not_found", message: "no run R" } });
    vi.advanceTimersByTime(60_000);

    expect(states.at(-1)).toBe("refused");
    expect(service.sockets).toHaveLength(1);
  });

  it("sends an unanswered command again under its id, and settles it once", async () => {
    service.accept();
    const answer = feed.send(pause);
    service.drop();
    vi.advanceTimersByTime(300);
    service.accept();
    expect(service.asked).toEqual({ op: "cmd", run: "R", cmd: pause });

    service.say({ op: "ack", run: "R", id: "c1", seq: 7 });

    await expect(answer).resolves.toBe(7);
  });

  it("rejects a command with the service's refusal and what it should have known", async () => {
    service.accept();
    const answer = feed.send(pause);
    service.say({
      op: "nack",
      run: "R",
      id: "c1",
      error: { code: "conflict", message: "stale", current: { rev: 3 } },
    });

    await expect(answer).rejects.toMatchObject({ code: "conflict", message: "stale", current: { rev: 3 } });
  });

  it("ends with the same view for any drops, duplicates and holes", () => {
    const expected = foldRun(wholeRun.map(decodeEvent));
    let seed = 20260101;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    service.accept();
    let cursor = 0;
    while (history.head.seq < wholeRun.length) {
      const [dice, sockets] = [random(10), service.sockets.length];
      if (dice === 0) service.drop();
      else if (dice === 1) service.event(1 + random(wholeRun.length));
      else service.event(++cursor);
      vi.advanceTimersByTime(10_000);
      if (service.sockets.length > sockets) {
        service.accept();
        cursor = history.head.seq;
      }
      cursor = Math.min(cursor, wholeRun.length - 1);
    }

    expect(history.head).toEqual(expected);
  });
});
