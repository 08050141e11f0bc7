// Runs the browser stories against a real service: `node tests/browser/run.mjs <path of lyceum>`, or `--mock` for the page's own mock.
import { after, before, describe } from "node:test";
import { startBrowser, startService } from "./harness.mjs";
import { documentStories } from "./stories/documents.mjs";
import { holdStories } from "./stories/holds.mjs";
import { lookStories } from "./stories/looks.mjs";
import { modelStories } from "./stories/model.mjs";
import { outageStories } from "./stories/outage.mjs";
import { runStories } from "./stories/run.mjs";
import { sessionStories } from "./stories/session.mjs";
import { tokenStories } from "./stories/tokens.mjs";

const binary = process.argv[2];
if (!binary) {
  console.error("usage: node tests/browser/run.mjs <path of lyceum> | --mock");
  process.exit(2);
}

const shared = { binary };
describe("the page in a real browser", () => {
  before(async () => {
    shared.service = await startService(binary);
    shared.browser = await startBrowser();
  });
  after(async () => {
    await shared.browser?.close();
    await shared.service?.stop();
  });
  sessionStories(shared);
  documentStories(shared);
  runStories(shared);
  holdStories(shared);
  modelStories(shared);
  tokenStories(shared);
  lookStories(shared);
  outageStories(shared);
});
