import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ask, assertAccessible, handbook, openPage, shoot, startService, upload } from "../harness.mjs";
import { missing, writeTinyModel } from "../../support/tiny_model.mjs";

const question = "When was the lighthouse of Kérity built?";

/** The mock, or a service over a tiny model, whose words mean nothing. */
async function startEngine(t, shared) {
  if (shared.service.isMock) return shared.service;
  const folder = mkdtempSync(join(tmpdir(), "lyceum-tiny-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const service = await startService(shared.binary, { LYCEUM_MODEL: `engine:${writeTinyModel(folder)}` });
  t.after(() => service.stop());
  return service;
}

/** The first text with tokens in the stream of a run; what the run waits for meanwhile is approved. */
async function firstText(page) {
  const tokens = page
    .locator(".stream")
    .getByRole("button", { name: /^[1-9]\d* tokens?$/ })
    .first();
  const approve = page.getByRole("button", { name: /^Approve/ }).first();
  for (;;) {
    await tokens.or(approve).first().waitFor({ timeout: 60_000 });
    if (await tokens.isVisible()) return tokens;
    await approve.click();
    await approve.waitFor({ state: "detached" });
  }
}

export function tokenStories(shared) {
  /** A story on a page of a service whose model shows its tokens. */
  function tokenStory(name, options, tell) {
    test(name, async (t) => {
      if (!shared.service.isMock && missing) return t.skip(missing);
      const opened = await openPage(shared.browser, await startEngine(t, shared), options);
      await tell(opened.page);
      assert.deepEqual(opened.errors, []);
      await opened.close();
    });
  }

  for (const theme of ["light", "dark"]) {
    tokenStory(`a person looks at a text token by token, in the ${theme} theme`, { theme }, async (page) => {
      await upload(page, [handbook]);
      await page
        .getByText(/Kérity|lighthouse/)
        .first()
        .waitFor();
      await ask(page, question);
      await (await firstText(page)).click();
      const dialog = page.getByRole("dialog", { name: "The text, token by token" });
      const list = dialog.getByRole("listbox", { name: "Tokens of the text" });
      await list.waitFor({ timeout: 60_000 });
      assert.ok((await list.getByRole("option").count()) > 1);

      // By keyboard: the next token, the last, the first.
      await list.focus();
      await page.keyboard.press("ArrowRight");
      await dialog.getByRole("heading", { name: /^Token 2:/ }).waitFor();
      await page.keyboard.press("Home");
      await dialog.getByRole("heading", { name: /^Token 1:/ }).waitFor();
      // By pointer: what is pointed at is shown, what is clicked stays.
      await list.getByRole("option").nth(1).hover();
      await dialog.getByRole("heading", { name: /^Token 2:/ }).waitFor();
      await list.getByRole("option").nth(1).click();
      await dialog.getByRole("heading", { name: "What the model would have written" }).waitFor();
      await dialog.getByRole("img", { name: /^Experts of all \d+ tokens$/ }).waitFor();
      await shoot(page, `tokens-${theme}`);
      await assertAccessible(page, `tokens, ${theme}`);

      await dialog.getByRole("checkbox", { name: "of this token only" }).check();
      await dialog.getByRole("img", { name: "Experts of token 2" }).waitFor();
      await dialog.getByLabel("Colour").selectOption({ index: 2 });
      await shoot(page, `tokens-attention-${theme}`);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
    });
  }

  tokenStory("a person sets how many experts the model uses while a run is under way", {}, async (page) => {
    await ask(page, question, { isReviewed: true });
    await page.getByRole("button", { name: /Run this plan/ }).waitFor({ timeout: 60_000 });
    const slider = page.getByRole("slider", { name: "experts" });
    const own = await slider.inputValue();
    await slider.focus();
    await page.keyboard.press("Home");
    await page.getByText("set 1 expert a token").waitFor();
    assert.equal(await slider.inputValue(), "1");
    await shoot(page, "experts");
    await assertAccessible(page, "experts");
    await page.getByRole("button", { name: /^Back to the model’s own number/ }).click();
    await page.getByText("set the model’s own number of experts").waitFor();
    assert.equal(await slider.inputValue(), own);
  });

  tokenStory("a person asks for an answer that is drawn toward its sources", {}, async (page) => {
    await page.getByText("Options", { exact: true }).click();
    await page.getByRole("slider", { name: "Contrast" }).press("ArrowRight");
    await page.getByText(/^Draws the answer toward what the sources say/).waitFor();
    await shoot(page, "contrast");
    await assertAccessible(page, "the options of a question");
    const asked = page.waitForRequest(
      (request) => request.method() === "POST" && request.url().endsWith("/api/runs"),
    );
    await ask(page, question);
    assert.equal((await asked).postDataJSON().contrast, 0.5);
  });

  test("a person sees beside each citation how far it carries its sentence", async (t) => {
    if (!shared.service.isMock) return t.skip("the words of a tiny model cite nothing");
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await upload(page, [handbook]);
    await page
      .getByText(/Kérity|lighthouse/)
      .first()
      .waitFor();
    await ask(page, question);
    await firstText(page);
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.getByText("+0.70").waitFor({ timeout: 60_000 });
    await answer.getByText("±0").waitFor();
    await answer.getByRole("button", { name: "Its tokens" }).click();
    await page.getByRole("listbox", { name: "Tokens of the text" }).waitFor();
    await page.keyboard.press("Escape");
    await answer.scrollIntoViewIfNeeded();
    await shoot(page, "measured-support");
    await assertAccessible(page, "measured support");
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  tokenStory("a text whose model does not show its tokens says why", {}, async (page) => {
    const message = "this text was written by another model";
    await page.route("**/generations/*", (route) =>
      route.fulfill({ status: 409, json: { error: { code: "precondition", message } } }),
    );
    await ask(page, question);
    await (await firstText(page)).click();
    await page.getByRole("alert").getByText(message).waitFor();
  });
}
