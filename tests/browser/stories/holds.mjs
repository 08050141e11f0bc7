import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, assertAccessible, openPage, shoot } from "../harness.mjs";

/** Asks over REST, for what the page's own form does not offer. */
async function askWith(page, body) {
  const run = await page.evaluate(async (text) => {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("/api/runs", { method: "POST", headers, body: text });
    return (await response.json()).run;
  }, JSON.stringify(body));
  await page.goto(new URL(`#/runs/${run}`, page.url()).href);
  await page.getByRole("heading", { level: 1, name: body.question }).waitFor();
}

export function holdStories(shared) {
  test("a spent budget asks; a person extends it once, then takes the answer that there is", async (t) => {
    if (shared.service.isMock) return t.skip("the mock has no budget");
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await page.getByText("Options", { exact: true }).click();
    await page.getByText(/cannot draw its answers toward the sources/).waitFor();
    assert.ok(await page.getByRole("slider", { name: "Contrast" }).isDisabled());
    await page.getByLabel("Tool calls").fill("1");
    await ask(page, "Who was the last keeper of the lighthouse of Kérity?");

    const hold = page.locator("[data-hold]").first();
    await hold.getByText("The budget of tool_calls is spent").waitFor();
    await shoot(page, "budget");
    await assertAccessible(page, "a spent budget");
    const first = await hold.getAttribute("data-hold");
    await hold.getByRole("button", { name: /as much again/ }).click();
    await page.locator(`[data-hold="${first}"]`).waitFor({ state: "detached" });

    await hold.getByRole("button", { name: /Answer with what there is/ }).click();
    await page.locator(".end").waitFor();
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  test("an approval that nobody gives runs out before everyone's eyes, and the run goes on", async (t) => {
    if (shared.service.isMock) return t.skip("the mock's holds wait for ever");
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await askWith(page, {
      question: "What does http://127.0.0.1:9/none.html say of the lamp of the lighthouse?",
      hold_expiry: { after_s: 4, then: "deny" },
    });
    const hold = page.locator("[data-hold]").first();
    await hold.getByText(/denied in \d s/).waitFor();
    await shoot(page, "expiring-approval");

    await hold.waitFor({ state: "detached" });
    await page.getByText(/system: expired/).waitFor();
    await page.locator(".end").waitFor();
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });
}
