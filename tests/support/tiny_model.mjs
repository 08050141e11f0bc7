// A tiny model of the shared ones, whose words mean nothing, with room for the agents' prompts.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../../../shared/models/tiny-qwen3moe-q8_0.gguf", import.meta.url));
const contextLength = 16_384;

/** Why there is none; false when there is. */
export const missing = !existsSync(file) && `there is no ${file}`;

/** Writes the model into `folder` with a longer context than it has (a number in its metadata); returns its path. */
export function writeTinyModel(folder) {
  const bytes = readFileSync(file);
  const key = "qwen3moe.context_length";
  const value = bytes.indexOf(key) + key.length + 4; // Behind the key and its type.
  if (bytes.readUInt32LE(value) !== 512) throw new Error(`${file}: no context of 512 tokens`);
  bytes.writeUInt32LE(contextLength, value);
  const path = join(folder, "tiny.gguf");
  writeFileSync(path, bytes);
  return path;
}
