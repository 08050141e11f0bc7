// What the browser stories share: a service on a free port with its own data folder, a real Chromium, and a page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const require = createRequire(new URL("../../web/ui/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const shots = fileURLToPath(new URL("../../test-artifacts/browser/", import.meta.url));
const isNoise = (text) => /favicon|status of 40[149]|WebSocket connection to/.test(text);

/** Starts `command`, which prints the page's address as its first line, and stops it again. `more`: of its environment. */
export async function startService(binary, more = {}) {
  const data = mkdtempSync(join(tmpdir(), "lyceum-browser-"));
  const mock = fileURLToPath(new URL("../../web/ui/tests/mock/main.mjs", import.meta.url));
  const [command, args] =
    binary === "--mock"
      ? [process.execPath, [mock]]
      : [binary, ["serve", "--data", data, "--port", "0", "--print-url"]];
  let port = "0";
  let child;
  const start = async () => {
    // The fetch story reads a page of its own making on loopback. Stories expect what rules say, not a model.
    const env = {
      ...process.env,
      PORT: port,
      LYCEUM_EGRESS_ALLOW_PRIVATE: "true",
      LYCEUM_MODEL: "lexical",
      ...more,
    };
    const withPort = args.map((arg, index) => (args[index - 1] === "--port" ? port : arg));
    child = spawn(command, withPort, { stdio: ["ignore", "pipe", "inherit"], env });
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise((resolve, reject) => {
      lines.once("line", resolve);
      child.once("exit", (code) =>
        reject(new Error(`${command} ended with ${code} before it printed its address`)),
      );
      child.once("error", reject);
    });
    port = new URL(url).port;
    return url;
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  };
  return {
    url: await start(),
    isMock: binary === "--mock",
    kill,
    /** Starts again on the same port and the same data, as after a crash. */
    restart: start,
    async stop() {
      await kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function startBrowser() {
  mkdirSync(shots, { recursive: true });
  const flags =
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
    "--disable-component-update --disable-sync";
  // An interrupted test run ends at once; the browser ends with the pipe to it.
  const ends = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: flags.split(" "), ...ends });
}

/** A page in a browser profile of its own, entered with the service's token. Fails on any error of the page. */
export async function openPage(browser, service, { width = 1440, height = 900, theme = "light" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (line) => {
    if (line.type() === "error" && !isNoise(line.text())) errors.push(line.text());
  });
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(service.url);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  return { page, context, errors, close: () => context.close() };
}

/** Another tab of the same person. */
export async function openTab(opened, hash) {
  const tab = await opened.context.newPage();
  tab.setDefaultTimeout(30_000);
  tab.on("pageerror", (error) => opened.errors.push(String(error)));
  await tab.goto(new URL(hash, opened.page.url()).href);
  return tab;
}

export async function shoot(page, name) {
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

export async function assertAccessible(page, where) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
  assert.deepEqual(found, [], `axe on ${where}`);
}

/** Asks a question on the home page and waits for the run's page. */
export async function ask(page, question, { isReviewed = false } = {}) {
  await page.getByRole("link", { name: "Ask" }).click();
  await page.getByLabel("Your question").fill(question);
  if (isReviewed) await page.getByLabel("Review the plan first").check();
  await page.getByRole("button", { name: /^Ask/ }).click();
  await page.waitForURL(/#\/runs\//);
  await page.getByRole("heading", { level: 1, name: question }).waitFor();
}

/** A web server with one page, for runs that fetch. */
export async function startSite(html) {
  const server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    response.end(html);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/page.html`, close: () => server.close() };
}

export async function upload(page, files) {
  await page.getByRole("link", { name: "Documents", exact: true }).click();
  const chooser = page.waitForEvent("filechooser");
  await page.getByText("choose files").click();
  await (
    await chooser
  ).setFiles(files.map(({ name, text }) => ({ name, mimeType: "text/markdown", buffer: Buffer.from(text) })));
}

export const handbook = {
  name: "lighthouse.md",
  text: `# The lighthouse of Kérity

## History

The lighthouse of Kérity was built in 1856 by the engineer Léonce Reynaud. Its lamp burned colza oil until 1884.

A parish record says that the lighthouse of Kérity was first lit in 1858, two years after the tower was built.

## Keepers

The last keeper of the lighthouse, Marie Le Goff, left in 1990 when the lamp became automatic. She had kept it for
thirty-one years and wrote a diary, which the museum of Penmarch holds.
`,
};
export const tides = {
  name: "tides.md",
  text: `# Tides at Penmarch

The tidal range at Penmarch is about 4.6 metres at springs. The lighthouse stands above the highest tide by eleven metres.
`,
};
