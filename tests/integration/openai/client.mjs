// What the tests with OpenAI's client share: the client package, and services to point it at.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/** The package, or null where the page's packages are not installed. */
export const openai = await loadPackage();

async function loadPackage() {
  const require = createRequire(new URL("../../../web/ui/package.json", import.meta.url));
  try {
    return require("openai");
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}

/** A client of the service at `address`, "http://host:port/#token=…". It repeats nothing, so that errors are seen. */
export function clientOf(address, options = {}) {
  const url = new URL(address);
  const apiKey = url.hash.replace("#token=", "");
  return new openai.OpenAI({ apiKey, baseURL: `${url.origin}/v1`, maxRetries: 0, ...options });
}

/** Starts a program that prints its address as its first line; `stop` ends it. */
export async function startService(command, args = [], env = process.env) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  const address = new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
  const failed = ended.then((code) => {
    throw new Error(`${command} ended with ${code} before it printed its address`);
  });
  return { address: await Promise.race([address, failed]), stop };
}

/** All chunks of a stream. */
export async function chunksOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** The text and the tool calls that a stream's chunks add up to, joined as clients join them. */
export function joined(chunks) {
  let content = "";
  const calls = [];
  for (const { choices } of chunks) {
    const delta = choices[0]?.delta ?? {};
    content += delta.content ?? "";
    for (const piece of delta.tool_calls ?? []) {
      const call = (calls[piece.index] ??= { id: "", name: "", arguments: "" });
      call.id += piece.id ?? "";
      call.name += piece.function?.name ?? "";
      call.arguments += piece.function?.arguments ?? "";
    }
  }
  const reasons = chunks.map(({ choices }) => choices[0]?.finish_reason).filter((reason) => reason);
  return { content, calls, reasons };
}
