/** A window of a document's text, cut where sections begin and where the marked passage begins and ends. */
import type { DocumentText } from "../protocol/objects";

export interface Piece {
  readonly begin: number;
  readonly text: string;
  readonly isMarked: boolean;
  /** The section that begins here, if one does. */
  readonly section: number | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function pieces(
  window: Pick<DocumentText, "begin" | "text">,
  sections: readonly { readonly begin: number }[],
  mark: { readonly begin: number; readonly end: number },
): readonly Piece[] {
  const bytes = encoder.encode(window.text);
  const windowEnd = window.begin + bytes.length;
  const isMarked = mark.end > mark.begin;
  const starts = new Map(sections.map((section, index) => [section.begin, index]));
  const wanted = [window.begin, ...starts.keys(), ...(isMarked ? [mark.begin, mark.end] : [])];
  const cuts = [...new Set(wanted)]
    .filter((at) => at >= window.begin && at < windowEnd)
    .sort((a, b) => a - b);
  return cuts.map((begin, index) => {
    const end = cuts[index + 1] ?? windowEnd;
    return {
      begin,
      text: decoder.decode(bytes.subarray(begin - window.begin, end - window.begin)),
      isMarked: isMarked && begin >= mark.begin && begin < mark.end,
      section: starts.get(begin) ?? null,
    };
  });
}
