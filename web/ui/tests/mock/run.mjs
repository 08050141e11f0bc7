// One run of the mock service: its log, its holds, its plan and its commands.
import { playScript } from "./script.mjs";

const zeroUsage = { tokens_in: 0, tokens_out: 0, tool_calls: 0, model_calls: 0, time_ms: 0 };

export class Refusal extends Error {
  constructor(code, message, current) {
    super(message);
    this.code = code;
    this.current = current;
  }
}

export class MockRun {
  constructor(id, body, service) {
    Object.assign(this, {
      id,
      service,
      log: [],
      readers: new Set(),
      holds: new Map(),
      plan: { rev: 0, steps: [] },
    });
    Object.assign(this, {
      steps: new Map(),
      attempts: new Map(),
      acks: new Map(),
      wakers: new Set(),
      evidence: [],
    });
    Object.assign(this, {
      phase: "submitted",
      status: null,
      answer: null,
      usage: { ...zeroUsage },
      remembered: false,
    });
    this.body = { agent: "deep_search", collections: [], plan_review: false, approvals: "ask", ...body };
    this.body.budget = { time_s: 0, tokens: 0, tool_calls: 0, ...body.budget };
    this.created = Date.now();
    this.plans = new Map();
    this.nextStep = 1;
    this.nextHold = 1;
  }

  start() {
    const { question, agent, collections, plan_review, approvals, budget } = this.body;
    const data = { question, title: question, agent, collections, plan_review, approvals, budget };
    this.emit("run.submitted", { ...data, created_ms: this.created }, { actor: "user:local" });
    this.play();
  }

  play() {
    playScript(this).catch((error) => {
      if (!this.isOver) this.finish("failed", "error", String(error?.stack ?? error));
    });
  }

  fork(id, atSeq, title) {
    const child = new MockRun(id, this.body, this.service);
    for (const event of this.log.slice(0, atSeq)) child.record(event);
    Object.assign(child, { parent: this.id, atSeq, title, usage: { ...this.usage } });
    child.emit(
      "run.forked",
      { parent: this.id, at_seq: atSeq, title, created_ms: Date.now() },
      { actor: "user:local" },
    );
    if (child.status) Object.assign(child, { status: null, phase: "executing" });
    child.openHold("pause", "", "Forked: change what you like, then resume", {});
    return child;
  }

  get isOver() {
    return this.status !== null;
  }

  emit(type, data, envelope = {}) {
    const seq = this.log.length + 1;
    const event = {
      v: 1,
      run: this.id,
      seq,
      epoch: 1,
      ts: Date.now(),
      type,
      actor: "system",
      path: "",
      ...envelope,
      data,
    };
    this.record(event);
    for (const reader of this.readers) reader({ op: "event", event });
    this.service.changed(this);
    return event;
  }

  emitDelta(type, data, envelope) {
    const seq = this.log.length;
    const event = {
      v: 1,
      run: this.id,
      seq,
      epoch: 1,
      ts: Date.now(),
      type,
      path: "",
      ephemeral: true,
      ...envelope,
      data,
    };
    for (const reader of this.readers) reader({ op: "event", event });
  }

  record(event) {
    this.log.push(event);
    const { type, data, step } = event;
    if (type === "run.entered") this.phase = data.phase;
    if (type === "run.finished") Object.assign(this, { phase: "terminal", status: data.status });
    if (type === "plan.patched") {
      this.plan = { rev: data.rev, steps: data.steps };
      this.plans.set(data.rev, this.plan);
      this.nextStep = Math.max(
        this.nextStep,
        ...data.steps.map((planned) => Number(planned.id.slice(1)) + 1),
      );
    }
    if (type === "hold.opened") this.holds.set(data.hold, { ...data, opened_seq: event.seq });
    if (type === "hold.closed") this.holds.delete(data.hold);
    if (type === "step.started") this.steps.set(step, "running");
    if (type === "step.finished") this.steps.set(step, data.status);
    if (type === "step.requeued" || type === "step.returned") this.steps.delete(step);
    if (type === "step.taken_over") this.steps.set(step, "taken_over");
    if (type === "evidence.added") this.evidence.push({ ...data, step });
    if (type === "answer.proposed")
      this.answer = { not_found: data.not_found, sentences: data.sentences.length };
    this.wake();
  }

  wake() {
    for (const waker of this.wakers) waker();
    this.wakers.clear();
  }

  /** Waits until `condition()` holds; every event is an occasion to look again. */
  async until(condition) {
    while (!condition()) await new Promise((resolve) => this.wakers.add(resolve));
  }

  openHold(kind, scope, title, detail) {
    const hold = `h${this.nextHold++}`;
    const common = { fingerprint: hold, opened_ms: Date.now(), expires_ms: null, on_expiry: "keep" };
    this.emit("hold.opened", { hold, kind, scope, title, detail, ...common }, { path: scope });
    return hold;
  }

  closeHold(hold, decision, { comment = "", payload = null, remember = false } = {}) {
    const by = "user:local";
    this.emit("hold.closed", { hold, decision, by, payload, comment, remember }, { actor: by });
  }

  patch(ops, author, reason) {
    let steps = [...this.plan.steps];
    const place = (step, after) =>
      steps.splice(after === null ? 0 : steps.findIndex((s) => s.id === after) + 1, 0, step);
    for (const op of ops) {
      const at = steps.findIndex((step) => step.id === op.step);
      if (op.op === "insert") {
        const blank = {
          goal: "",
          agent: "deep_search.find",
          inputs: ["*"],
          tools: ["search"],
          done_when: "",
          risk: "low",
        };
        place({ ...blank, ...op.step, id: `s${this.nextStep++}`, author }, op.after);
      } else if (at < 0) throw new Refusal("invalid_argument", `no step ${op.step}`);
      else if (op.op === "delete") steps.splice(at, 1);
      else if (op.op === "update") steps[at] = { ...steps[at], ...op.set, author };
      else place(steps.splice(at, 1)[0], op.after);
    }
    const rev = this.plan.rev + 1;
    this.emit(
      "plan.patched",
      { base_rev: this.plan.rev, rev, ops, author, reason, steps },
      { actor: author },
    );
  }

  markdown(rev) {
    const plan = this.plans.get(rev) ?? this.plan;
    const steps = plan.steps.map(
      (s, i) => `## ${i + 1}. ${s.title} {#${s.id}}\n\n${s.goal}\n\n- agent: ${s.agent}\n`,
    );
    return `# Plan (revision ${plan.rev})\n\n${steps.join("\n")}`;
  }

  parseMarkdown(text) {
    return [...text.matchAll(/^## (?:\d+\. )?(.*?)(?: \{#(\w+)\})?\n\n([^\n]*)/gm)].map(
      ([, title, id, goal]) => {
        const old = this.plan.steps.find((step) => step.id === id);
        const blank = {
          agent: "deep_search.find",
          inputs: ["*"],
          tools: [],
          done_when: "",
          risk: "low",
          author: "user:local",
        };
        return { ...(old ?? { ...blank, id: `s${this.nextStep++}` }), title, goal };
      },
    );
  }

  finish(status, reason, detail = "", gaps = []) {
    this.emit("run.finished", { status, reason, detail, gaps });
  }

  command(cmd) {
    const before = this.acks.get(cmd.id);
    if (before) return before;
    const handler = commands[cmd.type];
    if (!handler) throw new Refusal("invalid_argument", `command.type: ${cmd.type} is unknown`);
    if (this.isOver) throw new Refusal("conflict", "the run is over", this.summary());
    if (cmd.type === "plan.patch" && cmd.base_rev !== this.plan.rev) {
      throw new Refusal("conflict", `base_rev ${cmd.base_rev} is stale`, this.plan);
    }
    if (cmd.type === "hold.resolve" && !this.holds.has(cmd.hold))
      throw new Refusal("conflict", "that hold is closed");
    const { id, type, ...args } = cmd;
    const { seq } = this.emit("command.accepted", { id, type, args }, { actor: "user:local", cmd: id });
    this.acks.set(id, seq);
    handler(this, cmd);
    return seq;
  }

  summary() {
    const { question, agent, collections, budget } = this.body;
    const last = this.log.at(-1);
    const summary = {
      run: this.id,
      title: this.title || question,
      question,
      agent,
      collections,
      phase: this.phase,
    };
    Object.assign(summary, { status: this.status, seq: this.log.length, created_ms: this.created, budget });
    Object.assign(summary, { updated_ms: last?.ts ?? this.created, holds: [...this.holds.values()] });
    Object.assign(summary, {
      usage: { ...this.usage, time_ms: Date.now() - this.created },
      answer: this.answer,
    });
    return this.parent ? { ...summary, parent: this.parent, at_seq: this.atSeq } : summary;
  }
}

const person = { actor: "user:local" };

function newAttempt(run, step) {
  run.attempts.set(step, (run.attempts.get(step) ?? 1) + 1);
}

const commands = {
  "run.pause": (run, { path = "" }) => {
    run.emit("pause.requested", { path }, { ...person, path });
    run.openHold("pause", path, path === "" ? "Paused" : `Step ${path} is paused`, {});
  },
  "run.resume": (run, { path = "" }) => {
    for (const hold of run.holds.values())
      if (hold.kind === "pause" && hold.scope === path) run.closeHold(hold.hold, "resume");
  },
  "run.cancel": (run, { reason = "" }) => run.finish("cancelled", "user", reason),
  "plan.patch": (run, { ops, markdown, reason = "" }) => {
    if (ops) return run.patch(ops, "user:local", reason);
    const steps = run.parseMarkdown(markdown);
    const data = {
      base_rev: run.plan.rev,
      rev: run.plan.rev + 1,
      ops: [],
      author: "user:local",
      reason,
      steps,
    };
    return run.emit("plan.patched", data, person);
  },
  "hold.resolve": (run, { hold, decision, ...answer }) => {
    run.remembered ||= answer.remember === true;
    run.closeHold(hold, decision, answer);
  },
  "step.retry": (run, { step, reason = "" }) => {
    newAttempt(run, step);
    run.emit("step.requeued", { reason }, { ...person, step });
  },
  "step.skip": (run, { step, reason = "" }) => {
    newAttempt(run, step);
    run.emit("step.finished", { status: "skipped", result: {}, error: reason }, { ...person, step });
  },
  "step.takeover": (run, { step }) => {
    newAttempt(run, step);
    run.emit("step.taken_over", { by: "user:local" }, { ...person, step });
    run.openHold("takeover", step, "You are doing this step", {});
  },
  "step.return": (run, { step }) => {
    for (const hold of run.holds.values())
      if (hold.kind === "takeover" && hold.scope === step) run.closeHold(hold.hold, "withdrawn");
    run.emit("step.returned", { by: "user:local" }, { ...person, step });
  },
  "step.commit": (run, { step, result }) => {
    for (const hold of run.holds.values())
      if (hold.kind === "takeover" && hold.scope === step) run.closeHold(hold.hold, "answer");
    run.emit("step.finished", { status: "done", result, error: "" }, { ...person, step });
  },
  "note.inject": (run, { text, path = "" }) => {
    const { seq } = run.emit("note.injected", { text, path }, { ...person, path });
    run.unreadNote = seq;
  },
  "evidence.inject": (run, { text, document = "", begin = 0, end = 0 }) => {
    const title = run.service.documents.all.get(document)?.title ?? "Vouched for by a person";
    run.addEvidence({
      quote: text,
      document,
      title,
      section: "",
      collection: "",
      begin,
      end,
      score: 1,
      by: "user:local",
    });
  },
  "evidence.drop": (run, { evidence, reason = "" }) =>
    run.emit("evidence.dropped", { evidence, reason, by: "user:local" }, person),
  "evidence.restore": (run, { evidence }) =>
    run.emit("evidence.restored", { evidence, by: "user:local" }, person),
  "budget.set": (run, { time_s, tokens, tool_calls }) => {
    const limits = Object.entries({ time_s, tokens, tool_calls }).filter(([, value]) => value !== undefined);
    Object.assign(run.body.budget, Object.fromEntries(limits));
    run.emit("budget.set", { budget: run.body.budget }, person);
  },
  "experts.set": (run, { experts }) => {
    run.experts = experts;
    run.emit("experts.set", { experts }, person);
  },
};

MockRun.prototype.addEvidence = function addEvidence(entry, envelope = person) {
  const evidence = `e${this.evidence.length + 1}`;
  this.emit(
    "evidence.added",
    { evidence, url: "", question: this.body.question, by: "agent:deep_search", ...entry },
    envelope,
  );
  return evidence;
};
