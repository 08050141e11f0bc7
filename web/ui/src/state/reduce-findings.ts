/** How evidence, knowledge, the mind map, the answer and files change a run's view. */
import type { EventOf } from "../protocol/events";
import type { Entity, KnowledgeEntry } from "../protocol/objects";
import { withEntry } from "./immutable";
import type { RunView } from "./run-view";

export function addEvidence(view: RunView, event: EventOf<"evidence.added">): RunView {
  const entry = { ...event.data, step: event.step, seq: event.seq, dropped: null };
  return { ...view, evidence: view.evidence.with(entry.evidence, entry) };
}

export function markEvidence(view: RunView, id: string, dropped: string | null): RunView {
  const before = view.evidence.get(id);
  return before ? { ...view, evidence: view.evidence.with(id, { ...before, dropped }) } : view;
}

/** An entry replaces the one for the same question. */
export function mergeKnowledge(
  before: readonly KnowledgeEntry[],
  added: readonly KnowledgeEntry[],
): readonly KnowledgeEntry[] {
  const replaced = new Set(added.map((entry) => entry.question));
  return [...before.filter((entry) => !replaced.has(entry.question)), ...added];
}

function merged(before: Entity | undefined, added: Entity): Entity {
  if (!before) return added;
  const evidence = [...new Set([...before.evidence, ...added.evidence])];
  return { ...before, mentions: before.mentions + added.mentions, evidence };
}

export function growMap(view: RunView, event: EventOf<"map.updated">): RunView {
  const entities = event.data.entities.reduce(
    (known, entity) => known.with(entity.id, merged(known.get(entity.id), entity)),
    view.entities,
  );
  const key = (relation: { from: string; to: string; label: string }) =>
    JSON.stringify([relation.from, relation.label, relation.to]);
  const known = new Set(view.relations.map(key));
  const fresh = event.data.relations.filter((relation) => !known.has(key(relation)));
  return { ...view, entities, relations: [...view.relations, ...fresh] };
}

export function setAnswer(view: RunView, event: EventOf<"answer.proposed">): RunView {
  const { sentences, gaps, conflicts, not_found: notFound, confidence } = event.data;
  return { ...view, answer: { seq: event.seq, sentences, gaps, conflicts, notFound, confidence } };
}

export function addNote(view: RunView, event: EventOf<"note.injected">): RunView {
  const { text, path } = event.data;
  const note = { seq: event.seq, ts: event.ts, text, path, by: event.actor, readBy: [] };
  return { ...view, notes: [...view.notes, note] };
}

export function markNoteRead(view: RunView, event: EventOf<"note.read">): RunView {
  const notes = view.notes.map((note) =>
    note.seq === event.data.note_seq ? { ...note, readBy: [...note.readBy, event.actor] } : note,
  );
  return { ...view, notes };
}

export function changeFile(view: RunView, event: EventOf<"file.changed">): RunView {
  const { path, bytes, hash } = event.data;
  return { ...view, files: withEntry(view.files, path, { path, bytes, hash }) };
}
