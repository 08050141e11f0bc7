import { describe, expect, it } from "vitest";
import { eventJson } from "../testing/events";
import { DecodeError } from "./decode";
import { decodeEvent } from "./events";

describe("decodeEvent", () => {
  it("turns an event of the catalogue into its type", () => {
    const event = decodeEvent(eventJson(4, "run.entered", { phase: "planning" }));

    expect(event.type).toBe("run.entered");
    expect(event.data).toEqual({ phase: "planning" });
    expect(event.step).toBeNull();
  });

  it("fills what an event leaves out with the empty value of its kind", () => {
    const event = decodeEvent(eventJson(4, "evidence.added", { evidence: "e1", quote: "q" }));

    expect(event.data).toMatchObject({ evidence: "e1", url: "", begin: 0 });
  });

  it("keeps the place in the log of a type it does not know", () => {
    const event = decodeEvent(eventJson(9, "future.thing", { a: 1 }));

    expect(event).toMatchObject({ seq: 9, type: "unreadable", data: { original: "future.thing" } });
  });

  it("names the field that has the wrong kind, and keeps the place in the log", () => {
    const event = decodeEvent(eventJson(9, "run.entered", { phase: 3 }));

    expect(event).toMatchObject({
      seq: 9,
      type: "unreadable",
      data: { problem: "data.phase: expected a string" },
    });
  });

  it.each([null, 3, "x", [], {}, { type: "run.entered" }, { type: "run.entered", seq: "4" }, { seq: 4 }])(
    "refuses %j, whose place in the log cannot be read",
    (value) => {
      expect(() => decodeEvent(value)).toThrow(DecodeError);
    },
  );
});
