// A mock of the service that docs/api.md describes, for developing the page and for its tests. Nothing is stored.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { MockDocuments } from "./documents.mjs";
import { engineOf, generationOf } from "./engine.mjs";
import { MockRun, Refusal } from "./run.mjs";

const token = "mock-token";
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const statuses = {
  conflict: 409,
  precondition: 409,
  not_found: 404,
  invalid_argument: 422,
  unauthenticated: 401,
};

export async function startMock({ port = 0, dist }) {
  const runs = new Map();
  const watchers = new Set();
  const documents = new MockDocuments();
  const service = {
    documents,
    changed: (run) => watchers.forEach((watcher) => watcher({ op: "run", run: run.summary() })),
  };
  const context = { runs, documents, service };
  const server = createServer((request, response) => {
    answer(context, request, response, dist).catch((error) => {
      const code = error instanceof Refusal ? error.code : "internal";
      send(response, statuses[code] ?? 500, {
        error: { code, message: error.message, current: error.current },
      });
    });
  });
  const sockets = new WebSocketServer({ server, path: "/api/ws" });
  sockets.on("connection", (socket, request) => {
    if (!isAuthentic(request)) socket.close(4401);
    else serveSocket(socket, runs, watchers);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/#token=${token}`,
    dropSockets: () => sockets.clients.forEach((socket) => socket.terminate()),
    close: () => {
      sockets.clients.forEach((socket) => socket.terminate());
      server.close();
    },
  };
}

function isAuthentic(request) {
  return (
    request.headers.cookie?.includes(`session=${token}`) ||
    request.headers.authorization === `Bearer ${token}`
  );
}

function send(response, status, body, headers = {}) {
  const isText = typeof body === "string" || Buffer.isBuffer(body);
  response.writeHead(status, {
    "Content-Type": isText ? "text/plain; charset=utf-8" : "application/json",
    ...headers,
  });
  response.end(body === null ? undefined : isText ? body : JSON.stringify(body));
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

function sendFile(response, dist, path) {
  const file = join(dist, normalize(path === "/" ? "/index.html" : path));
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile())
    return send(response, 404, "not found");
  const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'";
  response.writeHead(200, {
    "Content-Type": types[extname(file)] ?? "application/octet-stream",
    "Content-Security-Policy": policy,
  });
  return createReadStream(file).pipe(response);
}

async function answer(context, request, response, dist) {
  const url = new URL(request.url, "http://localhost");
  const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
  if (parts[0] !== "api") return sendFile(response, dist, url.pathname);
  if (parts[1] === "session") {
    if (JSON.parse(await bodyOf(request)).token !== token)
      throw new Refusal("unauthenticated", "wrong token");
    return send(response, 200, {}, { "Set-Cookie": `session=${token}; HttpOnly; SameSite=Strict; Path=/` });
  }
  if (!isAuthentic(request)) throw new Refusal("unauthenticated", "no credential");
  const route = routes[parts[1]];
  if (!route) throw new Refusal("not_found", url.pathname);
  return route({
    ...context,
    request,
    response,
    method: request.method,
    parts: parts.slice(2),
    query: url.searchParams,
  });
}

function need(map, id, what) {
  const found = map.get(id);
  if (!found) throw new Refusal("not_found", `${what} ${id} does not exist`);
  return found;
}

const routes = {
  runs: async ({ runs, service, request, response, method, parts: [id, part, ...rest], query }) => {
    if (!id && method === "GET") {
      const list = [...runs.values()].map((run) => run.summary()).sort((a, b) => (a.run < b.run ? 1 : -1));
      return send(response, 200, { runs: list, next: null });
    }
    if (!id) {
      const body = JSON.parse(await bodyOf(request));
      if (!body.question) throw new Refusal("invalid_argument", "body.question: required");
      const run = new MockRun(body.id, body, service);
      runs.set(run.id, run);
      run.start();
      return send(response, 201, run.summary());
    }
    const run = need(runs, id, "run");
    if (method === "DELETE") {
      if (!run.isOver) throw new Refusal("conflict", "the run is not over");
      runs.delete(id);
      return send(response, 204, null);
    }
    if (!part) return send(response, 200, run.summary());
    if (part === "commands") {
      const cmd = JSON.parse(await bodyOf(request));
      return send(response, 200, { ack: { id: cmd.id, seq: run.command(cmd) } });
    }
    if (part === "fork") {
      const { id: child, at_seq, title = "" } = JSON.parse(await bodyOf(request));
      const forked = run.fork(child, at_seq, title);
      runs.set(child, forked);
      forked.play();
      return send(response, 201, forked.summary());
    }
    if (part === "plan")
      return send(
        response,
        200,
        request.headers.accept === "text/markdown" ? run.markdown(Number(query.get("rev"))) : run.plan,
      );
    if (part === "generations") {
      const started = run.log[Number(rest[0]) - 1];
      if (started?.type !== "gen.started") throw new Refusal("not_found", `no text begins with ${rest[0]}`);
      return send(response, 200, generationOf(run, started));
    }
    if (part === "files") return send(response, 200, rest.length > 0 ? "<p>original</p>" : { files: [] });
    if (part === "export") {
      const headers = { "Content-Disposition": `attachment; filename="${id}.${query.get("format")}"` };
      if (query.get("format") === "events")
        return send(response, 200, run.log.map((e) => JSON.stringify(e)).join("\n"), headers);
      return send(
        response,
        200,
        query.get("format") === "json" ? { run: run.summary(), events: run.log } : `# ${run.body.question}\n`,
        headers,
      );
    }
    throw new Refusal("not_found", part);
  },
  holds: ({ runs, response }) => {
    const holds = [...runs.values()].flatMap((run) =>
      [...run.holds.values()].map((hold) => ({ run: run.id, title: run.body.question, ...hold })),
    );
    return send(response, 200, { holds });
  },
  collections: ({ documents, response }) => send(response, 200, { collections: documents.collections() }),
  documents: async ({ documents, request, response, method, parts: [id, part], query }) => {
    if (!id && method === "POST") {
      const result = documents.add(
        query.get("collection"),
        query.get("source"),
        await bodyOf(request),
        request.headers["content-type"],
      );
      if (!result.documents) throw new Refusal("invalid_argument", result.skipped[0].reason);
      return send(response, 201, result);
    }
    if (!id) {
      const list = [...documents.all.values()].filter(
        (entry) => !query.get("collection") || entry.collection === query.get("collection"),
      );
      return send(response, 200, { documents: list.map((entry) => documents.summary(entry)), next: null });
    }
    const entry = need(documents.all, id, "document");
    if (method === "DELETE") {
      documents.all.delete(id);
      return send(response, 204, null);
    }
    if (part === "text")
      return send(
        response,
        200,
        documents.slice(entry, Number(query.get("begin") ?? 0), Number(query.get("end") ?? 0)),
      );
    if (part === "original") return send(response, 200, entry.text, { "Content-Disposition": "attachment" });
    return send(response, 200, { ...documents.summary(entry), sections: documents.sections(entry) });
  },
  search: ({ documents, response, query }) => {
    const hits = documents.search(
      query.get("q") ?? "",
      query.get("collection"),
      Number(query.get("limit") ?? 10),
    );
    return send(response, 200, { hits, took_ms: 1.4 });
  },
  tools: ({ response }) => {
    const tool = (name, description, effect, risk) => ({
      name,
      description,
      parameters: {},
      result: {},
      effect,
      risk,
    });
    return send(response, 200, {
      tools: [
        tool("search", "Searches the documents.", "pure", "low"),
        tool("read", "Reads a passage.", "pure", "low"),
        tool("fetch", "Fetches a page.", "idempotent", "medium"),
      ],
    });
  },
  model: ({ response }) => {
    const limits = [
      "Finds and quotes; does not write free text.",
      "Judges by words in common, so it misses paraphrases.",
    ];
    return send(response, 200, {
      provider: "lexical",
      name: "lexical-1",
      summary: "Words in common, no neural network.",
      capabilities: { embeds: false, deterministic: true, shows_tokens: true, follows_instructions: true },
      limits,
      chat: null,
      engine: engineOf(Date.now()),
    });
  },
  health: ({ response }) => send(response, 200, { status: "ok", version: "mock", uptime_s: 1 }),
};

function serveSocket(socket, runs, watchers) {
  const tell = (message) => socket.send(JSON.stringify(message));
  const readers = new Map();
  const watcher = (message) => tell(message);
  const leave = (id) => {
    runs.get(id)?.readers.delete(readers.get(id));
    readers.delete(id);
  };
  socket.on("close", () => {
    watchers.delete(watcher);
    [...readers.keys()].forEach(leave);
  });
  socket.on("message", (raw) => {
    const { op, run: id, after = 0, cmd, n } = JSON.parse(raw);
    const run = runs.get(id);
    if (op === "ping") return tell({ op: "pong", n });
    if (op === "watch") return watchers.add(watcher);
    if (op === "unsub") return leave(id);
    if (!run) return tell({ op: "error", run: id, error: { code: "not_found", message: `no run ${id}` } });
    if (op === "cmd") {
      try {
        return tell({ op: "ack", run: id, id: cmd.id, seq: run.command(cmd) });
      } catch (error) {
        return tell({
          op: "nack",
          run: id,
          id: cmd.id,
          error: { code: error.code ?? "internal", message: error.message, current: error.current },
        });
      }
    }
    leave(id);
    for (const event of run.log.slice(after)) tell({ op: "event", event });
    tell({ op: "live", run: id, seq: run.log.length });
    readers.set(id, tell);
    return run.readers.add(tell);
  });
}
