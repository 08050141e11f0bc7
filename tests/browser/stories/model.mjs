import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, openPage, shoot } from "../harness.mjs";

/** What a service answers that computes a model of two layers and three experts in its process. */
const engine = {
  architecture: "qwen3moe",
  file: "tiny.gguf",
  weights_type: "Q8_0",
  parameters: 21_300_000,
  active_parameters: 5_100_000,
  layers: 2,
  experts: 3,
  experts_used: 1,
  experts_max: 3,
  context_length: 1024,
  vocabulary: 8192,
  weight_bytes: 22_700_000,
  page_bytes: 65_536,
  tokens_per_page: 16,
  instruction_set: "avx2",
  live: {
    waiting: 3,
    running: 2,
    paused: 1,
    batch_tokens: 34,
    pages: 64,
    pages_used: 12,
    pages_cached: 4,
    prefill_tokens: 300,
    cached_tokens: 100,
    decode_tokens: 400,
    prefill_tokens_per_s: 120.5,
    decode_tokens_per_s: 31.25,
    expert_tokens: [
      [100, 200, 100],
      [0, 400, 0],
    ],
  },
};

async function openModel(page) {
  await page.getByRole("link", { name: /^Model:/ }).click();
  await page.getByRole("heading", { name: "Abilities", level: 2 }).waitFor();
}

export function modelStories(shared) {
  for (const theme of ["light", "dark"]) {
    test(`a person reads what the model is and does right now, in the ${theme} theme`, async () => {
      const opened = await openPage(shared.browser, shared.service, { theme });
      const { page } = opened;
      const chat = { name: "tiny", context_length: 1024, calls_tools: true };
      await page.route("**/api/model", async (route) => {
        const answered = await route.fetch();
        await route.fulfill({ response: answered, json: { ...(await answered.json()), chat, engine } });
      });
      await openModel(page);

      await page.getByText("tiny.gguf").waitFor();
      await page.getByText("21 million, 5.1 million active for a token").waitFor();
      assert.match(await page.getByRole("region", { name: "Right now" }).innerText(), /Waiting\s+3/);
      assert.match(await page.getByRole("region", { name: "Right now" }).innerText(), /25 %/);
      await page.getByRole("img", { name: "Use of 3 experts in 2 layers" }).waitFor();
      await page.getByText("The map as a table").focus();
      await page.keyboard.press("Enter");
      await page.getByRole("row", { name: "1 1 100 % 2" }).waitFor();
      await page.getByText(`${new URL(page.url()).origin}/v1`).waitFor();
      await shoot(page, `model-${theme}`);
      await assertAccessible(page, `model, ${theme}`);
      assert.deepEqual(opened.errors, []);
      await opened.close();
    });
  }

  test("the figures of the model move while its page is open", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    let waiting = 0;
    await page.route("**/api/model", async (route) => {
      const answered = await route.fetch();
      const live = { ...engine.live, waiting: ++waiting };
      await route.fulfill({
        response: answered,
        json: { ...(await answered.json()), engine: { ...engine, live } },
      });
    });
    await page.getByRole("link", { name: /^Inbox/ }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("g");

    await page.locator("dd", { hasText: /^5\s*for room/ }).waitFor();
    await opened.close();
  });

  test("on a narrow screen the page of a model without an engine says what there is", async () => {
    const opened = await openPage(shared.browser, shared.service, { width: 390, height: 800 });
    const { page } = opened;
    await page.route("**/api/model", async (route) => {
      const answered = await route.fetch();
      await route.fulfill({
        response: answered,
        json: { ...(await answered.json()), chat: null, engine: null },
      });
    });
    await openModel(page);

    await page.getByText("not computed in this process").waitFor();
    const [scrollWidth, clientWidth] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(scrollWidth <= clientWidth + 1, `the page is ${scrollWidth} wide on ${clientWidth}`);
    await assertAccessible(page, "model without an engine");
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });
}
