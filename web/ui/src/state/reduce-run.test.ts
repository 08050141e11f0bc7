import { describe, expect, it } from "vitest";
import { decodeEvent } from "../protocol/events";
import { event, stepJson, wholeRun } from "../testing/events";
import { RunHistory } from "./history";
import { foldRun, reduceRun } from "./reduce-run";
import { currentPlan, emptyRun, stepStatus } from "./run-view";

const events = wholeRun.map(decodeEvent);
const whole = foldRun(events);

describe("reduceRun", () => {
  it("folds a run from its question to its answer", () => {
    expect(whole).toMatchObject({ seq: 15, question: "Q?", phase: "terminal", end: { status: "completed" } });
    expect(currentPlan(whole)?.steps.map((step) => step.id)).toEqual(["s1", "s2"]);
    expect(stepStatus(whole, "s1")).toBe("done");
    expect(stepStatus(whole, "s2")).toBe("pending");
    expect(whole.holds.size).toBe(0);
    expect(whole.answer?.sentences[0]?.citations).toEqual(["e1"]);
    expect(whole.usage.tool_calls).toBe(1);
  });

  it("changes nothing for an event that it has already seen", () => {
    expect(events.reduce(reduceRun, whole)).toBe(whole);
  });

  it("never changes a view that it was given", () => {
    const before = foldRun(events.slice(0, 10));
    foldRun(events.slice(10), before);

    expect(before).toEqual(foldRun(events.slice(0, 10)));
  });

  it("shows one action as one line, whatever its number of events", () => {
    expect(whole.stream.slice().filter((item) => item.kind === "action")).toHaveLength(1);
    expect(whole.actions.get("a1")).toMatchObject({
      name: "fetch",
      status: "observed",
      risk: "medium",
      tookMs: 5,
    });
  });

  it("holds what waits until it is closed", () => {
    expect(foldRun(events.slice(0, 7)).holds.get("h1")).toMatchObject({ kind: "approval", scope: "s1" });
    expect(foldRun(events.slice(0, 8)).holds.size).toBe(0);
  });

  it("keeps a dropped quote with its reason, and restores it", () => {
    const dropped = reduceRun(whole, event(16, "evidence.dropped", { evidence: "e1", reason: "stale" }));
    expect(dropped.evidence.get("e1")?.dropped).toBe("stale");

    const restored = reduceRun(dropped, event(17, "evidence.restored", { evidence: "e1" }));
    expect(restored.evidence.get("e1")?.dropped).toBeNull();
  });

  it("forgets the end of its parent in a fork", () => {
    const child = reduceRun(whole, event(16, "run.forked", { parent: "P", at_seq: 15, title: "Other" }));

    expect(child).toMatchObject({
      title: "Other",
      parent: { run: "P", atSeq: 15 },
      end: null,
      phase: "executing",
    });
  });

  it("gives a hold of its parent the time that was left", () => {
    const opened = { hold: "h", kind: "approval", expires_ms: 60_000, on_expiry: "deny" };
    const parent = foldRun([{ ...event(16, "hold.opened", opened), ts: 10_000 }], whole);
    const child = reduceRun(parent, { ...event(17, "run.forked", { parent: "P", at_seq: 16 }), ts: 70_000 });

    expect(child.holds.get("h")?.expires_ms).toBe(120_000);
  });

  it("starts a step anew when it is tried again", () => {
    const step = { step: "s1", attempt: 2 };
    const again = foldRun([event(16, "step.requeued", { reason: "r" }, step)], whole);
    expect(stepStatus(again, "s1")).toBe("pending");

    const running = reduceRun(again, event(17, "step.started", { title: "Find" }, step));
    expect(running.steps.get("s1")).toMatchObject({ status: "running", attempt: 2, result: null });
  });

  it("counts what it cannot read, and shows it in its place", () => {
    const view = reduceRun(whole, event(16, "future.thing", {}));

    expect(view).toMatchObject({ seq: 16, unreadable: 1 });
    expect(view.stream.at(-1)).toMatchObject({ kind: "event", event: { type: "unreadable" } });
  });

  it("replaces what is known of a question, and keeps the rest", () => {
    const entry = (question: string, statement: string) => ({
      question,
      statement,
      evidence: [],
      confidence: 1,
    });
    const view = foldRun(
      [
        event(16, "knowledge.updated", { entries: [entry("a", "1"), entry("b", "2")] }),
        event(17, "knowledge.updated", { entries: [entry("a", "3")] }),
      ],
      whole,
    );

    expect(view.knowledge.map((known) => known.statement)).toEqual(["2", "3"]);
  });

  it("merges the mind map, entity by entity", () => {
    const entity = { id: "x", name: "X", kind: "thing", mentions: 1, evidence: ["e1"] };
    const link = { from: "x", to: "y", label: "knows", evidence: "e1" };
    const view = foldRun(
      [
        event(16, "map.updated", { entities: [entity], relations: [link] }),
        event(17, "map.updated", {
          entities: [{ ...entity, mentions: 3, evidence: ["e2"] }],
          relations: [link],
        }),
      ],
      whole,
    );

    expect(view.entities.get("x")).toMatchObject({ mentions: 4, evidence: ["e1", "e2"] });
    expect(view.relations).toHaveLength(1);
  });
});

describe("a message that is being written", () => {
  const delta = (offset: number, text: string) =>
    event(11, "message.delta", { message: "m1", offset, text }, { ephemeral: true, step: "s1" });
  const base = foldRun(events.slice(0, 11));
  const textOf = (view: typeof base) => view.messages.get("m1")?.text;

  it("grows by deltas, whose offsets are bytes", () => {
    const view = foldRun([delta(0, "Wörter "), delta(8, "fließen")], base);

    expect(textOf(view)).toBe("Wörter fließen");
    expect(view.seq).toBe(11);
  });

  it("takes a repeated delta once and marks a lost one", () => {
    expect(textOf(foldRun([delta(0, "ab"), delta(0, "ab")], base))).toBe("ab");
    expect(textOf(foldRun([delta(0, "ab"), delta(9, "z")], base))).toBe("ab … z");
  });

  it("is whole when it is finished, whatever was lost, and stands in one line", () => {
    const view = reduceRun(foldRun([delta(3, "x")], base), decodeEvent(wholeRun[11]));

    expect(textOf(view)).toBe("Wörter fließen");
    expect(view.stream.slice().filter((item) => item.kind === "message")).toHaveLength(1);
  });

  it("does not grow after its end", () => {
    expect(textOf(foldRun([delta(15, "more")], foldRun(events.slice(0, 12))))).toBe("Wörter fließen");
  });
});

describe("RunHistory", () => {
  it("shows every moment as the fold of the events up to it", () => {
    const history = new RunHistory();
    for (const each of events) history.add(each);

    for (let seq = 0; seq <= events.length; seq++)
      expect(history.at(seq)).toEqual(foldRun(events.slice(0, seq)));
  });

  it("does so in a long run too, where views are kept at intervals", () => {
    const history = new RunHistory();
    const many = Array.from({ length: 950 }, (_, index) =>
      event(index + 1, "thought.noted", { text: `${index}` }),
    );
    for (const each of many) history.add(each);

    for (const seq of [1, 199, 200, 201, 640, 950])
      expect(history.at(seq)).toEqual(foldRun(many.slice(0, seq)));
  });

  it("does not let a delta into the past", () => {
    const history = new RunHistory();
    for (const each of events.slice(0, 5)) history.add(each);
    history.add(event(5, "message.delta", { message: "m9", offset: 0, text: "x" }, { ephemeral: true }));

    expect(history.head.messages.has("m9")).toBe(true);
    expect(history.at(5).messages.has("m9")).toBe(false);
  });
});

describe("the plan", () => {
  it("keeps every revision with its author", () => {
    const patched = {
      base_rev: 1,
      rev: 2,
      author: "user:ann",
      reason: "better",
      steps: [stepJson("s2", "Answer")],
    };
    const view = reduceRun(whole, event(16, "plan.patched", patched));

    expect(view.revisions.map((revision) => revision.author)).toEqual(["agent:a", "user:ann"]);
    expect(currentPlan(emptyRun)).toBeNull();
  });
});
