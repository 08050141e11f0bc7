import { describe, expect, it } from "vitest";
import { decodeEvent } from "../protocol/events";
import { runSummary, uploadResult } from "../protocol/objects";
import { ulid } from "../protocol/ulid";
import { event, wholeRun } from "../testing/events";
import { describeAction } from "./action-label";
import { splitAtBytes } from "./bytes";
import { expiryLabel } from "./labels";
import { markWords } from "./mark-words";
import { pieces } from "./passage";
import { passageLink, parseRoute, searchLink, webAddress } from "./route";
import { foldRun } from "./reduce-run";
import { inbox, reduceRuns } from "./run-list";
import { laneOf, lanePaths } from "./timeline";
import { outcomeOf } from "./uploads";

describe("bytes", () => {
  it("cut a text where the service counts, not where the browser does", () => {
    expect(splitAtBytes("Léonce Reynaud", 8, 15)).toEqual(["Léonce ", "Reynaud", ""]);
    expect(splitAtBytes("abc", -5, 99)).toEqual(["", "abc", ""]);
  });
});

describe("pieces of a document", () => {
  const window = { begin: 10, text: "Kérity was lit in 1858." };

  it("mark the passage and note where sections begin", () => {
    const cut = pieces(window, [{ begin: 0 }, { begin: 10 }, { begin: 18 }], { begin: 18, end: 21 });

    expect(cut.map((piece) => piece.text).join("")).toBe(window.text);
    expect(cut.map((piece) => [piece.begin, piece.isMarked, piece.section])).toEqual([
      [10, false, 1],
      [18, true, 2],
      [21, false, null],
    ]);
  });

  it("mark a passage that is wider than the window as far as it is seen", () => {
    expect(pieces(window, [], { begin: 0, end: 99 }).map((piece) => piece.isMarked)).toEqual([true]);
    expect(pieces({ begin: 0, text: "abc" }, [], { begin: 0, end: 99 })).toHaveLength(1);
  });
});

describe("routes", () => {
  it("come back from the addresses that are made of them", () => {
    expect(parseRoute(passageLink("D/1", 4, 9))).toEqual({
      page: "document",
      document: "D/1",
      begin: 4,
      end: 9,
    });
    expect(parseRoute(searchLink("a & b", "c"))).toEqual({ page: "search", query: "a & b", collection: "c" });
    expect(parseRoute("")).toEqual({ page: "home" });
    expect(parseRoute("#/runs/R1")).toEqual({ page: "run", run: "R1" });
  });

  it("are never followed to anything but a web page", () => {
    expect(webAddress("https://a.example/b")).toBe("https://a.example/b");
    expect(webAddress("javascript:alert(1)")).toBeNull();
    expect(webAddress("")).toBeNull();
  });

  it("survive what people type", () => {
    expect(parseRoute("#/nowhere")).toEqual({ page: "unknown" });
    expect(parseRoute("#/documents/x?begin=-1&end=abc")).toMatchObject({ begin: 0, end: 0 });
    expect(parseRoute("#/runs/%E0%A4%A")).toEqual({ page: "run", run: "%E0%A4%A" });
  });
});

describe("the list of runs", () => {
  const hold = (name: string, kind: string, opened_ms: number) => ({ hold: name, kind, opened_ms });
  const run = (id: string, seq: number, holds: object[] = []) =>
    runSummary({ run: id, seq, question: id, phase: "executing", holds }, "");

  it("is newest first and never goes back to an older summary", () => {
    const list = [run("01A", 5), run("01B", 1), run("01A", 3)].reduce(reduceRuns, []);

    expect(list.map((one) => [one.run, one.seq])).toEqual([
      ["01B", 1],
      ["01A", 5],
    ]);
  });

  it("gives an inbox of what waits for an answer, oldest first", () => {
    const list = [
      run("01A", 1, [hold("h2", "approval", 20)]),
      run("01B", 1, [hold("h1", "question", 10), hold("p", "pause", 1)]),
    ];

    expect(inbox(list).map((entry) => entry.hold.hold)).toEqual(["h1", "h2"]);
  });
});

describe("the timeline", () => {
  it("has a mark for every event, in its lane", () => {
    const events = wholeRun.map(decodeEvent);
    const marks = Object.values(lanePaths(events)).join("").match(/M/g);

    expect(marks).toHaveLength(events.length);
    expect(events.map(laneOf)[0]).toBe("people");
    expect(events.map(laneOf)[13]).toBe("findings");
  });
});

describe("what an action did", () => {
  const action = (name: string, args: object, result: object) => {
    const data = { name, args, result, took_ms: 1 };
    const view = foldRun([event(1, "action.observed", data, { action: "a" })]);
    return describeAction(view.actions.get("a") ?? expect.fail("no action"));
  };

  it("is a choice with its probabilities", () => {
    const args = { task: "deep_search.relevant", options: ["yes", "no"], slots: { quote: "Q" } };
    const label = action("model.choose", args, { probabilities: [0.9, 0.1] });

    expect(label).toMatchObject({ name: "choose", what: "relevant: Q", outcome: "yes 90 %" });
    expect(label.choice?.options).toEqual([
      { label: "yes", p: 0.9 },
      { label: "no", p: 0.1 },
    ]);
  });

  it("is a search with its hits, or any tool with its arguments", () => {
    expect(action("search_memory", { query: "tower" }, { hits: [1, 2] })).toMatchObject({
      what: "tower",
      outcome: "2 hits",
    });
    expect(action("calculator", { a: 1 }, {})).toMatchObject({ what: "a: 1", outcome: "" });
  });
});

describe("small things", () => {
  it("marks words of the query by their beginning", () => {
    const marked = markWords("The keepers kept it.", "keeper of").filter((part) => part.isMarked);

    expect(marked.map((part) => part.text)).toEqual(["keepers"]);
  });

  it("makes ids that sort by time", () => {
    expect(ulid(1)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(ulid(1000) < ulid(2000)).toBe(true);
  });

  it("tells how an upload ended", () => {
    const none = uploadResult(
      { documents: [], outcome: "", skipped: [{ source: "a.bin", reason: "binary" }] },
      "",
    );
    expect(outcomeOf(none)).toEqual({ outcome: "skipped: a.bin: binary", isError: true });

    const one = uploadResult({ documents: [{ document: "D" }], outcome: "added" }, "");
    expect(outcomeOf(one)).toEqual({ outcome: "added", isError: false });
  });
});

describe("the time of a hold", () => {
  it("says what happens when nobody decides", () => {
    expect(expiryLabel(90_000, "deny", 30_500)).toBe("denied in 1 min 0 s");
    expect(expiryLabel(90_000, "cancel_step", 85_000)).toBe("step cancelled in 5 s");
    expect(expiryLabel(7_500_000, "keep", 0)).toBe("due in 2 h 5 min");
    expect(expiryLabel(90_000, "deny", 90_000)).toBe("time is up");
    expect(expiryLabel(90_000, "keep", 95_000)).toBe("overdue");
  });
});
