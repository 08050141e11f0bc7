// What the tests of the program share: a data folder of their own and the real program.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.LYCEUM_PROGRAM;
if (!program) throw new Error("LYCEUM_PROGRAM must name the program");

const facts = {
  "kellin.md": "# Kellin\n\nThe lighthouse of Kellin was finished in 1871 by the engineer Marta Oyelaran. It is 41 metres high.\n",
  "saren.md": "# Port Saren\n\nPort Saren is a harbour town of 9000 people. Its mayor is Ana Brandt.\n",
};

/** A folder that is removed after the test `t`, with documents in docs/ and room for data/. */
export function makeFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "lyceum-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "docs"));
  for (const [name, text] of Object.entries(facts)) writeFileSync(join(folder, "docs", name), text);
  return folder;
}

/** The program's environment: nothing of the person who runs the tests, and rules where a model is not asked for. */
function environmentOf(folder, extra) {
  const { PATH } = process.env;
  return { PATH, HOME: folder, LYCEUM_DATA_DIR: join(folder, "data"), LYCEUM_MODEL: "lexical", ...extra };
}

/** Starts the program; `ended` resolves to {code, signal, out, err}. */
export function start(folder, args, extra = {}) {
  const child = spawn(program, args, { cwd: folder, env: environmentOf(folder, extra), stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  const waiting = [];
  child.stdout.on("data", (piece) => {
    out += piece;
    for (const check of waiting) check();
  });
  child.stderr.on("data", (piece) => (err += piece));
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, out, err })));
  /** Resolves when standard output matches, or rejects when the program ends before. */
  const printed = (pattern) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const match = pattern.exec(out);
        if (match !== null) resolve(match);
      };
      waiting.push(check);
      check();
      void ended.then(({ code }) => reject(new Error(`ended with ${code} before it printed ${pattern}: ${out}${err}`)));
    });
  return { child, ended, printed };
}

export async function run(folder, args, extra = {}) {
  return await start(folder, args, extra).ended;
}

export function jsonLines(text) {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
