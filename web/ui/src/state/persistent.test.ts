import { describe, expect, it } from "vitest";
import { PersistentList, PersistentMap } from "./persistent";

describe("PersistentList", () => {
  it("keeps every version as it was, also when two go on from the same one", () => {
    const one = PersistentList.empty<number>().with(1);
    const two = one.with(2);
    const other = one.with(3);

    expect([one, two, other].map((list) => [...list])).toEqual([[1], [1, 2], [1, 3]]);
    expect([one.at(0), one.at(1), two.at(-1), one.length]).toEqual([1, undefined, 2, 1]);
  });
});

describe("PersistentMap", () => {
  it("keeps every version as it was, through additions, changes and branches", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const versions: { map: PersistentMap<number>; plain: Map<string, number> }[] = [
      { map: PersistentMap.empty(), plain: new Map() },
    ];
    for (let value = 0; value < 500; value++) {
      // Mostly on from the newest, at times from an older one, so that versions share and part.
      const from = versions[random(4) === 0 ? random(versions.length) : versions.length - 1];
      if (!from) throw new Error("no version");
      const key = `k${random(120)}`;
      versions.push({ map: from.map.with(key, value), plain: new Map(from.plain).set(key, value) });
    }

    for (const { map, plain } of versions) {
      expect([...map]).toEqual([...plain]);
      expect(map.keys().map((key) => map.get(key))).toEqual([...plain.values()]);
      expect([map.size, map.get("absent"), map.indexOf("absent")]).toEqual([plain.size, undefined, -1]);
    }
  });
});
