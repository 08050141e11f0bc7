import { describe, expect, it } from "vitest";
import { step as decodeStep } from "../protocol/objects";
import { stepJson } from "../testing/events";
import { mergeTexts } from "./merge-text";
import { diffPlans, diffWords } from "./plan-diff";
import { applyOps, blame, moveBy, opsFit } from "./plan-ops";

const step = (id: string, title = id) => decodeStep(stepJson(id, title), "");
const [a, b, c] = [step("a"), step("b"), step("c")];

describe("diffPlans", () => {
  const kinds = (before: readonly ReturnType<typeof step>[], after: readonly ReturnType<typeof step>[]) =>
    diffPlans(before, after).map((diff) => `${diff.step.id} ${diff.kind}`);

  it("says nothing of what is the same", () => {
    expect(kinds([a, b], [a, b])).toEqual(["a same", "b same"]);
  });

  it("tells added, removed, changed and moved apart", () => {
    expect(kinds([a, b], [a, c, b])).toEqual(["a same", "c added", "b same"]);
    expect(kinds([a, b, c], [a, c])).toEqual(["a same", "b removed", "c same"]);
    expect(kinds([a, b, c], [c, a, b])).toEqual(["c moved", "a same", "b same"]);
    expect(kinds([a], [step("a", "other")])).toEqual(["a changed"]);
  });

  it("puts a removed step where it stood, also at the beginning", () => {
    expect(kinds([a, b], [b])).toEqual(["a removed", "b same"]);
    expect(kinds([a, b, c], [])).toEqual(["a removed", "b removed", "c removed"]);
  });

  it("names the fields that changed", () => {
    const changes = diffPlans([a], [{ ...a, tools: ["fetch"], risk: "high" }])[0]?.changes;

    expect(changes).toEqual([
      { field: "risk", before: "low", after: "high" },
      { field: "tools", before: "", after: "fetch" },
    ]);
  });
});

describe("diffWords", () => {
  it("keeps what is common, and each side can be read off", () => {
    const pieces = diffWords("read what was found", "read it with care found");
    const side = (not: string) =>
      pieces
        .filter((piece) => piece.kind !== not)
        .map((piece) => piece.text)
        .join("");

    expect(side("added")).toBe("read what was found");
    expect(side("removed")).toBe("read it with care found");
  });
});

describe("plan ops", () => {
  it("insert, update, delete and move", () => {
    const steps = applyOps(
      [a, b, c],
      [
        { op: "insert", after: "a", step: { title: "new" } },
        { op: "update", step: "b", set: { title: "B" } },
        { op: "delete", step: "c" },
        { op: "move", step: "b", after: null },
      ],
    );

    expect(steps.map((one) => one.title)).toEqual(["B", "a", "new"]);
  });

  it("leave the plan alone when their step is gone, and say so beforehand", () => {
    expect(applyOps([a], [{ op: "move", step: "z", after: "a" }])).toEqual([a]);
    expect(opsFit([a], [{ op: "update", step: "z", set: {} }])).toBe(false);
    expect(opsFit([a, b], [{ op: "move", step: "a", after: "b" }])).toBe(true);
  });

  it("move a step past its neighbour, and not past the end", () => {
    const moved = (id: string, by: -1 | 1) => {
      const op = moveBy([a, b, c], id, by);
      return op && applyOps([a, b, c], [op]).map((one) => one.id);
    };

    expect(moved("a", 1)).toEqual(["b", "a", "c"]);
    expect(moved("c", -1)).toEqual(["a", "c", "b"]);
    expect(moved("b", -1)).toEqual(["b", "a", "c"]);
    expect(moved("a", -1)).toBeNull();
    expect(moved("c", 1)).toBeNull();
  });
});

describe("blame", () => {
  it("names the revision that last changed a step, not those that only moved it", () => {
    const revision = (rev: number, author: string, steps: readonly (typeof a)[]) => ({
      rev,
      author,
      steps,
      seq: rev,
      ts: rev,
      reason: "",
    });
    const blames = blame([
      revision(1, "agent:a", [a, b]),
      revision(2, "user:ann", [step("a", "better"), b]),
      revision(3, "user:bob", [b, step("a", "better")]),
    ]);

    expect(blames.get("a")).toMatchObject({ rev: 2, author: "user:ann" });
    expect(blames.get("b")).toMatchObject({ rev: 1 });
  });
});

describe("mergeTexts", () => {
  const base = "one\ntwo\nthree\nfour";

  it("takes both changes where they do not touch", () => {
    const merge = mergeTexts(base, "ONE\ntwo\nthree\nfour", "one\ntwo\nthree\nFOUR\nfive", "theirs");

    expect(merge).toEqual({ text: "ONE\ntwo\nthree\nFOUR\nfive", conflicts: 0 });
  });

  it("takes a change that both made once", () => {
    expect(mergeTexts(base, "one\nthree\nfour", "one\nthree\nfour", "t").text).toBe("one\nthree\nfour");
  });

  it("marks the lines that both changed", () => {
    const merge = mergeTexts(base, "one\nmine\nthree\nfour", "one\nyours\nthree\nfour", "revision 5");

    expect(merge.conflicts).toBe(1);
    expect(merge.text).toBe("one\n<<<<<<< yours\nmine\n=======\nyours\n>>>>>>> revision 5\nthree\nfour");
  });
});
