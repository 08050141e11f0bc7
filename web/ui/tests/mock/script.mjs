// What the mock's agents do: a small deep search over the mock's documents, paced so that a person can watch it.
const paceMs = Number(process.env.MOCK_PACE_MS ?? 60);

class AttemptOver extends Error {}

export async function playScript(run) {
  if (run.plan.rev === 0) await draftPlan(run);
  if (run.isOver) return;
  if (run.phase !== "executing") run.emit("run.entered", { phase: "executing" });
  for (;;) {
    await tick(run);
    if (run.isOver) return;
    const next = run.plan.steps.find(
      (step) => !["done", "skipped", "failed", "cancelled"].includes(run.steps.get(step.id)),
    );
    if (!next) break;
    if (run.steps.get(next.id) === "taken_over")
      await run.until(() => run.isOver || run.steps.get(next.id) !== "taken_over");
    else await playStep(run, next);
  }
  const last = run.log.findLast((event) => event.type === "answer.proposed");
  if (!last) run.finish("completed_partial", "partial", "No step gave an answer.", ["The question itself"]);
  else if (last.data.not_found) run.finish("completed", "not_found", "");
  else run.finish("completed", "goal_met", "", last.data.gaps);
}

async function tick(run, path = "") {
  await new Promise((resolve) => setTimeout(resolve, paceMs));
  const isHeld = () => [...run.holds.values()].some((hold) => hold.scope === "" || hold.scope === path);
  await run.until(() => run.isOver || !isHeld());
}

async function draftPlan(run) {
  const context = stepContext(run, { id: "plan", title: "Plan", agent: "deep_search.plan" });
  run.emit("run.entered", { phase: "planning" });
  run.emit("step.started", { title: "Plan", agent: "deep_search.plan" }, context.envelope);
  const keywords = run.body.question.match(/[A-Za-z]{4,}/g) ?? [];
  const understood = {
    kind: "factoid",
    entities: keywords.slice(0, 2),
    keywords,
    expects: "a sentence",
    p: 0.82,
  };
  await context.emit("question.understood", { ...understood, sub_questions: [run.body.question] });
  const step = (title, goal, agent, tools, risk = "low") => {
    return {
      id: `s${run.nextStep++}`,
      title,
      goal,
      agent,
      inputs: ["*"],
      tools,
      done_when: "",
      risk,
      author: "agent:deep_search.plan",
    };
  };
  const steps = [
    step("Search the sources", `Find passages about: ${run.body.question}`, "deep_search.find", ["search"]),
    step("Read what was found", "Quote what answers the question, word for word.", "deep_search.read", [
      "read",
    ]),
    step(
      "Look at the original page",
      "Fetch the page that the sources name and compare.",
      "deep_search.fetch",
      ["fetch"],
      "high",
    ),
    step("Answer", "Write sentences that each cite their quotes.", "deep_search.answer", []),
  ];
  const patch = {
    base_rev: 0,
    rev: 1,
    ops: [],
    author: "agent:deep_search.plan",
    reason: "First plan",
    steps,
  };
  await context.emit("plan.patched", patch);
  await context.emit("step.finished", { status: "done", result: { text: "Four steps." }, error: "" });
  if (!run.body.plan_review) return;
  const hold = run.openHold("plan_review", "", "Review the plan before it runs", { rev: 1 });
  await run.until(() => run.isOver || !run.holds.has(hold));
}

function stepContext(run, step) {
  const attempt = run.attempts.get(step.id) ?? 1;
  const envelope = { step: step.id, attempt, path: step.id, actor: `agent:${step.agent}` };
  let position = 0;
  const isCurrent = () => !run.isOver && (run.attempts.get(step.id) ?? 1) === attempt;
  const emit = async (type, data) => {
    await tick(run, step.id);
    if (!isCurrent()) throw new AttemptOver();
    return run.emit(type, data, envelope);
  };
  return {
    run,
    step,
    envelope,
    isCurrent,
    emit,
    async observe(name, args, result, used = {}) {
      position++;
      const usage = { tokens_in: 0, tokens_out: 0, tool_calls: 0, model_calls: 0, time_ms: 12, ...used };
      for (const key of Object.keys(usage)) run.usage[key] += usage[key];
      const data = { name, args, fingerprint: `${name}${position}`, position, result, took_ms: 12, usage };
      await tick(run, step.id);
      if (!isCurrent()) throw new AttemptOver();
      run.emit("action.observed", data, { ...envelope, action: `${step.id}.${attempt}.${position}` });
    },
  };
}

async function playStep(run, step) {
  const context = stepContext(run, step);
  try {
    run.emit("step.started", { title: step.title, agent: step.agent }, context.envelope);
    const play = {
      "deep_search.read": readStep,
      "deep_search.fetch": fetchStep,
      "deep_search.answer": answerStep,
    };
    const text = await (play[step.agent] ?? findStep)(context);
    await context.emit("step.finished", { status: "done", result: { text }, error: "" });
  } catch (error) {
    if (!(error instanceof AttemptOver)) throw error;
  }
}

async function findStep({ run, emit, observe, step }) {
  await emit("thought.noted", { text: `I look for “${run.body.question}” and for its two rarest words.` });
  for (const [round, from] of ["question", "keywords", "pseudo-relevance"].entries()) {
    const query =
      round === 0
        ? run.body.question
        : (run.body.question.match(/[A-Za-z]{5,}/g) ?? []).slice(round - 1).join(" ");
    const hits = run.service.documents.search(query, run.body.collections[0], 5);
    await observe("search", { query }, { hits: hits.length }, { tool_calls: 1 });
    await emit("query.issued", {
      query,
      from,
      round: round + 1,
      hits: hits.length,
      fresh: Math.max(0, hits.length - round),
    });
    run.found = [
      ...new Map([...(run.found ?? []), ...hits].map((hit) => [hit.begin + hit.document, hit])).values(),
    ];
  }
  if (run.unreadNote) await emit("note.read", { note_seq: run.unreadNote });
  const options = [
    { label: "enough to read", p: 0.74 },
    { label: "search on", p: 0.21 },
    { label: "nothing there", p: 0.05 },
  ];
  await emit("decision.made", {
    question: `Is this enough for “${step.title}”?`,
    options,
    chosen: "enough to read",
    threshold: 0.6,
  });
  return `${run.found.length} passages found.`;
}

async function readStep({ run, emit, observe, envelope }) {
  const hits = (run.found ?? []).slice(0, 4);
  const ids = [];
  for (const hit of hits) {
    await observe(
      "quote",
      { document: hit.title },
      { quotes: 1 },
      { model_calls: 1, tokens_in: 240, tokens_out: 22 },
    );
    const { document, title, section, collection, begin, end, text, score } = hit;
    ids.push(
      run.addEvidence({ quote: text, document, title, section, collection, begin, end, score }, envelope),
    );
    await emit("knowledge.updated", {
      entries: ids.map((id) => ({
        question: run.body.question,
        statement: `Passage ${id} speaks of it.`,
        evidence: [id],
        confidence: 0.7,
      })),
    });
  }
  const names = [...new Set(hits.flatMap((hit) => hit.text.match(/\b[A-Z][a-z]{3,}\b/g) ?? []))].slice(0, 12);
  const entities = names.map((name, index) => ({
    id: name.toLowerCase(),
    name,
    kind: "thing",
    mentions: 1 + (index % 4),
    evidence: ids.slice(0, 1),
  }));
  const relations = names.slice(1).map((name) => ({
    from: names[0].toLowerCase(),
    to: name.toLowerCase(),
    label: "occurs with",
    evidence: ids[0],
  }));
  await emit("map.updated", { entities, relations });
  return `${ids.length} quotes.`;
}

async function fetchStep({ run, emit, envelope, isCurrent }) {
  const action = `${envelope.step}.${envelope.attempt}.fetch`;
  const args = { url: "https://example.org/original" };
  const proposed = { name: "fetch", args, effect: "idempotent", risk: "medium", fingerprint: action };
  run.emit("action.proposed", proposed, { ...envelope, action });
  let decision = "approve";
  if (run.body.approvals === "ask" && !run.remembered) {
    const detail = {
      action,
      tool: "fetch",
      args,
      risk: "medium",
      effect: "idempotent",
      why: "The source names this page as its origin.",
    };
    const hold = run.openHold("approval", envelope.step, "Fetch https://example.org/original", detail);
    await run.until(() => !isCurrent() || !run.holds.has(hold));
    if (!isCurrent()) {
      if (run.holds.has(hold)) run.closeHold(hold, "withdrawn");
      throw new AttemptOver();
    }
    decision = run.log.findLast((event) => event.type === "hold.closed" && event.data.hold === hold).data
      .decision;
  }
  if (decision === "deny") {
    run.emit(
      "action.failed",
      {
        name: "fetch",
        args,
        fingerprint: action,
        position: 1,
        code: "forbidden",
        message: "A person said no.",
        took_ms: 0,
      },
      { ...envelope, action },
    );
    return "Not fetched: a person said no.";
  }
  run.emit("action.intended", { name: "fetch", args, key: action }, { ...envelope, action });
  run.emit("action.dispatched", { key: action }, { ...envelope, action });
  for (let done = 1; done <= 4; done++) {
    await tick(run, envelope.step);
    run.emitDelta(
      "tool.progress",
      { name: "fetch", done, total: 4, text: `${done * 12} kB` },
      { ...envelope, action },
    );
  }
  await emit("thought.noted", { text: "The page agrees with the sources." });
  const usage = { tokens_in: 0, tokens_out: 0, tool_calls: 1, model_calls: 0, time_ms: 240 };
  run.emit(
    "action.observed",
    { name: "fetch", args, fingerprint: action, position: 1, result: { bytes: 48211 }, took_ms: 240, usage },
    { ...envelope, action },
  );
  run.emit(
    "file.changed",
    { path: "fetched/original.html", hash: "9f2c", bytes: 48211, before: "" },
    envelope,
  );
  return "The page was fetched.";
}

async function answerStep({ run, emit, envelope, isCurrent }) {
  const counting = run.evidence.filter(
    (entry) => !run.log.some((e) => e.type === "evidence.dropped" && e.data.evidence === entry.evidence),
  );
  const message = `m${run.log.length}`;
  const text =
    counting.length > 0
      ? "The sources say it in so many words. They agree on the point, and differ on its date."
      : "Nothing of it is in your sources.";
  const begun = {
    message,
    name: "model.write",
    task: "deep_search.answer",
    fingerprint: message,
    prompt: [1, 2],
  };
  const sources = [
    { name: "question", text: run.body.question },
    ...counting.map((entry, index) => ({ name: `evidence ${index + 1} quote`, text: entry.quote })),
  ];
  const call = { ...envelope, pos: 9 };
  run.emit("gen.started", { ...begun, model: "engine lyceum-1", sources }, call);
  let offset = 0;
  for (const word of text.split(/(?<= )/)) {
    await tick(run, envelope.step);
    if (!isCurrent()) throw new AttemptOver();
    run.emitDelta("message.delta", { message, offset, text: word }, envelope);
    run.emit("gen.checkpoint", { message, offset, text: word, tokens: [offset], experts: [] }, call);
    offset += Buffer.byteLength(word);
  }
  await emit("message.finished", { message, role: "assistant", text });
  const sentences = counting.slice(0, 3).map((entry, index) => ({
    text:
      index === 0
        ? "The sources say it in so many words."
        : `A further passage supports it, in “${entry.title}”.`,
    citations: [entry.evidence],
    support: 0.9 - index * 0.2,
    measured: { with_all: -1.2, without_any: -1.9, gains: [0.7 - index * 0.69] },
  }));
  await emit("answer.proposed", {
    sentences,
    gaps: sentences.length > 0 ? ["No source gives an exact date."] : [],
    conflicts:
      counting.length > 1
        ? [{ about: "The date", evidence: [counting[0].evidence, counting[1].evidence] }]
        : [],
    not_found: sentences.length === 0,
    confidence: sentences.length > 0 ? 0.71 : 0.9,
  });
  return text;
}
