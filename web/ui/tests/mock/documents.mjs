// Documents held in memory; search counts the words in common.
import { createHash } from "node:crypto";

export class MockDocuments {
  constructor() {
    this.all = new Map();
  }

  add(collection, source, bytes, mediaType) {
    const text = bytes.toString("utf8");
    if (text.includes("\u0000")) return { skipped: [{ source, reason: "not a text that can be read" }] };
    const hash = createHash("sha256").update(bytes).digest("hex");
    const document = createHash("sha256")
      .update(`${collection}/${source}`)
      .digest("hex")
      .slice(0, 26)
      .toUpperCase();
    const before = this.all.get(document);
    if (before?.hash === hash)
      return { documents: [this.summary(before)], outcome: "unchanged", skipped: [] };
    const title = text.match(/^# (.+)$/m)?.[1] ?? source;
    const entry = {
      document,
      collection,
      source,
      title,
      media_type: mediaType,
      bytes: bytes.length,
      hash,
      text,
    };
    entry.added_ms = Date.now();
    this.all.set(document, entry);
    return { documents: [this.summary(entry)], outcome: before ? "replaced" : "added", skipped: [] };
  }

  summary({ text, ...entry }) {
    return { ...entry, text_bytes: Buffer.byteLength(text), chunks: this.chunks({ text }).length };
  }

  chunks({ text }) {
    const found = [];
    for (const match of text.matchAll(/[^\n]+(\n[^\n]+)*/g)) {
      if (match[0].startsWith("#")) continue;
      const begin = Buffer.byteLength(text.slice(0, match.index));
      found.push({ text: match[0], begin, end: begin + Buffer.byteLength(match[0]) });
    }
    return found;
  }

  sections({ text }) {
    const heads = [...text.matchAll(/^(#+) (.+)$/gm)].map((match) => ({
      title: match[2],
      level: match[1].length,
      begin: Buffer.byteLength(text.slice(0, match.index)),
    }));
    const size = Buffer.byteLength(text);
    return heads.map((head, index) => ({ ...head, end: heads[index + 1]?.begin ?? size }));
  }

  slice({ document, title, text }, begin, end) {
    const bytes = Buffer.from(text);
    const to = Math.min(end || bytes.length, bytes.length);
    const part = bytes.subarray(begin, to).toString("utf8");
    return { document, title, begin, end: to, size: bytes.length, text: part };
  }

  search(query, collection, limit) {
    const wanted = new Set(query.toLowerCase().match(/[a-z]{3,}/g) ?? []);
    const hits = [];
    for (const entry of this.all.values()) {
      if (collection && entry.collection !== collection) continue;
      for (const chunk of this.chunks(entry)) {
        const words = chunk.text.toLowerCase().match(/[a-z]{3,}/g) ?? [];
        const score = words.filter((word) => wanted.has(word)).length / Math.sqrt(words.length + 1);
        if (score === 0) continue;
        const section = this.sections(entry).findLast((part) => part.begin <= chunk.begin)?.title ?? "";
        const { document, title } = entry;
        hits.push({
          document,
          title,
          section,
          collection: entry.collection,
          ...chunk,
          score,
          parts: { bm25: score },
        });
      }
    }
    return hits.sort((a, b) => b.score - a.score).slice(0, limit);
  }

  collections() {
    const found = new Map();
    for (const entry of this.all.values()) {
      const before = found.get(entry.collection) ?? {
        name: entry.collection,
        documents: 0,
        chunks: 0,
        bytes: 0,
      };
      before.documents++;
      before.chunks += this.chunks(entry).length;
      before.bytes += entry.bytes;
      found.set(entry.collection, before);
    }
    return [...found.values()];
  }
}
