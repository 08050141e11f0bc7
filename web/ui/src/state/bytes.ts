/** The service counts text in bytes of UTF-8, the browser in UTF-16 units. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `text` in three parts, cut at byte positions relative to its beginning. */
export function splitAtBytes(text: string, begin: number, end: number): readonly [string, string, string] {
  const bytes = encoder.encode(text);
  const from = Math.max(0, Math.min(begin, bytes.length));
  const to = Math.max(from, Math.min(end, bytes.length));
  return [
    decoder.decode(bytes.subarray(0, from)),
    decoder.decode(bytes.subarray(from, to)),
    decoder.decode(bytes.subarray(to)),
  ];
}

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
