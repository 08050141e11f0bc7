/** The invariants of one finished run, from its whole log. Each returns violations as sentences. */

function count(items, of) {
  const counts = new Map();
  for (const item of items) counts.set(of(item), (counts.get(of(item)) ?? 0) + 1);
  return counts;
}

export function checkLog(run, events, summary) {
  const bad = [];
  events.forEach((event, index) => {
    if (event.seq !== index + 1) bad.push(`run ${run}: event ${index + 1} has seq ${event.seq}`);
  });
  const finished = events.filter((event) => event.type === "run.finished");
  if (finished.length !== 1) bad.push(`run ${run}: finished ${finished.length} times`);
  if (summary.phase !== "terminal" || summary.seq !== events.length) {
    bad.push(`run ${run}: the summary says ${summary.phase} at ${summary.seq}, the log has ${events.length} events`);
  }
  if (finished.length === 1 && summary.status !== finished[0].data.status) {
    bad.push(`run ${run}: the summary says ${summary.status}, the log ${finished[0].data.status}`);
  }
  if (summary.status === "failed") bad.push(`run ${run}: failed: ${JSON.stringify(finished[0]?.data)}`);
  let epoch = 0;
  for (const event of events) {
    if (event.epoch < epoch) bad.push(`run ${run}: event ${event.seq} goes back to epoch ${event.epoch}`);
    epoch = Math.max(epoch, event.epoch);
  }
  return bad;
}

export function checkPromises(witness, events) {
  const bad = [...witness.violations];
  const run = witness.run;
  for (const [seq, text] of witness.events) {
    const now = JSON.stringify(events[seq - 1] ?? null);
    if (now !== text) bad.push(`run ${run}: a client got event ${seq} as ${text}; it is now ${now}`);
  }
  for (const [command, seq] of witness.acks) {
    const event = events[seq - 1];
    if (event?.type !== "command.accepted" || event.data.id !== command) {
      bad.push(`run ${run}: command ${command} was acknowledged at ${seq}, where there is ${JSON.stringify(event ?? null)}`);
    }
  }
  const accepted = count(
    events.filter((event) => event.type === "command.accepted"),
    (event) => event.data.id,
  );
  for (const [command, times] of accepted) {
    if (times > 1) bad.push(`run ${run}: command ${command} entered the log ${times} times`);
  }
  return bad;
}

export function checkActions(run, events) {
  const bad = [];
  const actions = new Map();
  for (const event of events) {
    if (event.action === undefined || !event.type.startsWith("action.")) continue;
    const seen = actions.get(event.action) ?? [];
    seen.push(event);
    actions.set(event.action, seen);
  }
  for (const [action, seen] of actions) {
    const types = seen.map((event) => event.type);
    const ended = types.findIndex((type) => type === "action.observed" || type === "action.failed");
    const again = types.findLastIndex((type) => type === "action.dispatched" || type === "action.intended");
    const name = `run ${run}: action ${action}`;
    if (ended !== -1 && again > ended) bad.push(`${name} was dispatched again after it had been observed`);
    if (types.filter((type) => type === "action.observed").length > 1) bad.push(`${name} was observed twice`);
    if (ended !== -1 && again === -1 && types.includes("action.proposed") && !wasRefused(seen)) {
      bad.push(`${name} was observed without an intent`);
    }
    const keys = new Set(seen.filter((event) => event.type === "action.dispatched").map((event) => event.data.key));
    if (keys.size > 1) bad.push(`${name} was dispatched under ${keys.size} keys`);
  }
  return bad;
}

/**
 * Of a model that says which tokens it writes: no text is begun anew once tokens of it are committed, whatever happened in between, its pieces follow
 * each other without a gap, and together they are the result, once there is one. `texts` maps a call to
 * {seq, text, tokens, result}.
 */
export function checkTexts(run, events) {
  const bad = [];
  const texts = new Map();
  const callOf = ({ step, attempt, pos }) => `${step} ${attempt} ${pos}`;
  for (const event of events) {
    const call = callOf(event);
    const name = `run ${run}: the text of ${call}`;
    if (event.type === "gen.started") {
      const before = texts.get(call)?.tokens.length ?? 0;
      if (before > 0) bad.push(`${name} was begun a second time at ${event.seq}, behind ${before} tokens`);
      texts.set(call, { seq: event.seq, text: "", tokens: [], result: undefined });
    } else if (event.type === "gen.checkpoint" && texts.has(call)) {
      const text = texts.get(call);
      const length = Buffer.byteLength(text.text);
      if (event.data.offset !== length) bad.push(`${name} goes on at ${event.data.offset}, ${length} bytes were there`);
      text.text += event.data.text;
      text.tokens.push(...event.data.tokens);
    } else if (event.type === "action.observed" && texts.has(call)) {
      texts.get(call).result = event.data.result.text;
    }
  }
  // The last piece is logged beside the result.
  for (const [call, { text, result }] of texts) {
    if (result !== undefined && result !== text) bad.push(`run ${run}: the text of ${call} is not what was committed`);
  }
  return { bad, texts };
}

/** Denied by a person: it failed without an intent, as it must. */
function wasRefused(seen) {
  return seen.some((event) => event.type === "action.failed" && event.data.code === "forbidden");
}

/** What reached the outside world under this run's keys. */
export function checkOutside(run, events, requests) {
  const bad = [];
  const restarts = events.filter((event) => event.type === "run.recovered").length;
  const intended = new Set(events.filter((event) => event.type === "action.intended").map((event) => event.data.key));
  for (const key of intended) {
    const generations = requests.get(key) ?? [];
    if (new Set(generations).size !== generations.length) {
      bad.push(`run ${run}: key ${key} was sent twice without a crash in between (generations ${generations.join(", ")})`);
    }
    if (generations.length > restarts + 1) {
      bad.push(`run ${run}: key ${key} was sent ${generations.length} times over ${restarts} restarts`);
    }
  }
  return { bad, intended };
}
