/** A text in parts, those marked that begin like a word of the query (a rough stand-in for the service's stemming). */
export function markWords(
  text: string,
  query: string,
): readonly { readonly text: string; readonly isMarked: boolean }[] {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? [];
  const stems = words.map((word) => word.slice(0, Math.max(4, word.length - 2)));
  return text
    .split(/([\p{L}\p{N}]+)/u)
    .filter((part) => part !== "")
    .map((part) => ({ text: part, isMarked: stems.some((stem) => part.toLowerCase().startsWith(stem)) }));
}
