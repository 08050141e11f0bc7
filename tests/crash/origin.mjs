import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";

const facts = [
  "The lighthouse of Kellin was finished in 1871 by the engineer Marta Oyelaran.",
  "The lighthouse of Kellin is 41 metres high and built of grey granite.",
  "Marta Oyelaran was born in Port Saren and studied bridges before she built towers.",
  "The lamp of the lighthouse of Kellin was changed to electric light in 1934.",
  "The keeper of the lighthouse of Kellin in 1902 was Jonas Vey.",
];

/** The world outside: a small web server that counts what reaches it, by idempotency key. */
export class Origin {
  /** key -> generations of the service that asked with it, in order. */
  requests = new Map();
  #generation = 0;
  /** Connections whose other side may still have sent what has not been read here. */
  #open = new Set();
  #server;
  #random;

  constructor(random) {
    this.#random = random;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("connection", (socket) => {
      this.#open.add(socket);
      const ended = () => this.#open.delete(socket);
      socket.once("end", ended).once("close", ended);
    });
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this.#server.address().port;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /**
   * The service is dead and will be started anew. What it sent before it died may still wait in sockets, and belongs to
   * the life that sent it: connections are accepted in order, so after one of our own every one of its was accepted, and
   * each ends once it has been read.
   */
  async nextGeneration() {
    const probe = connect(this.#server.address().port, "127.0.0.1", () => probe.end()).resume();
    await once(probe, "close");
    while (this.#open.size > 0) await this.#oneEnded();
    this.#generation += 1;
  }

  #oneEnded() {
    return new Promise((resolve) => {
      for (const socket of this.#open) socket.once("end", resolve).once("close", resolve);
    });
  }

  #answer(request, response) {
    const key = request.headers["idempotency-key"] ?? "";
    const seen = this.requests.get(key) ?? [];
    seen.push(this.#generation);
    this.requests.set(key, seen);
    const page = Number(request.url.split("/").pop()) || 0;
    const body = `<html><head><title>Page ${page}</title></head><body><h1>Kellin</h1><p>${facts[page % facts.length]}</p><p>${
      facts[(page + 1) % facts.length]
    }</p></body></html>`;
    setTimeout(() => {
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      response.end(body);
    }, this.#random.below(80));
  }
}
