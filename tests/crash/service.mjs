import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";

const startTimeoutMs = 60_000;

/** The real program on one data folder: started, killed, started again. */
export class Service {
  url = "";
  #token = "";
  #process = null;
  #log;

  constructor(program, folder, originPort, model = "lexical") {
    this.program = program;
    this.folder = folder;
    this.originPort = originPort;
    this.model = model;
    this.#log = openSync(join(folder, "service.log"), "a");
  }

  /** Starts it; `ready` resolves to true when it serves and to false when it ended before. */
  start() {
    const { PATH } = process.env;
    const environment = {
      PATH,
      HOME: this.folder,
      LYCEUM_EGRESS_ALLOWED_HOSTS: `127.0.0.1:${this.originPort}`,
      LYCEUM_LOG_LEVEL: "warning",
      LYCEUM_MODEL: this.model,
    };
    const child = spawn(this.program, ["serve", "--data", join(this.folder, "data"), "--port", "0", "--print-url"], {
      env: environment,
      stdio: ["ignore", "pipe", this.#log],
    });
    this.#process = child;
    this.exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the service did not get ready")), startTimeoutMs);
      let text = "";
      child.stdout.on("data", (piece) => {
        text += piece;
        const match = /^(http\S+)\/#token=(\S+)\n/.exec(text);
        if (match === null) return;
        [, this.url, this.#token] = match;
        clearTimeout(timer);
        resolve(true);
      });
      void this.exited.then(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  /** Kill -9, at once. Returns how it ended: by us, or by itself before. */
  async kill() {
    this.#process.kill("SIGKILL");
    return await this.exited;
  }

  async stop() {
    this.#process.kill("SIGTERM");
    return await this.exited;
  }

  logTail() {
    return readFileSync(join(this.folder, "service.log"), "utf8").split("\n").slice(-30).join("\n");
  }

  /** {status, body}; throws when the connection breaks. A text is a document, anything else JSON. */
  async request(method, path, body, signal) {
    const type = typeof body === "string" ? "text/markdown" : "application/json";
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": type },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  /** Calls `take(event)` for each durable event after `after`, until the stream ends or breaks. */
  async stream(run, after, signal, take) {
    const response = await fetch(`${this.url}/api/runs/${run}/stream?after=${after}`, {
      headers: { Authorization: `Bearer ${this.#token}` },
      signal,
    });
    if (response.status !== 200) throw new Error(`stream of ${run}: status ${response.status}`);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const piece of response.body) {
      rest += decoder.decode(piece, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block
          .split("\n")
          .filter((line) => line.startsWith("data: "))
          .map((line) => line.slice(6))
          .join("\n");
        if (data === "") continue;
        const event = JSON.parse(data);
        if (event.ephemeral !== true) take(event);
      }
    }
  }
}
