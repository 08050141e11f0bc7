import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, openPage } from "../harness.mjs";

export function sessionStories(shared) {
  test("the token in the address is traded for a session and taken out of the address", async () => {
    const opened = await openPage(shared.browser, shared.service);
    assert.doesNotMatch(opened.page.url(), /token/);

    await opened.page.reload();
    await opened.page.getByLabel("Your question").waitFor();

    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  test("without a session the page asks for the token and says when it is wrong", async () => {
    const context = await shared.browser.newContext();
    const page = await context.newPage();
    await page.goto(new URL("/", shared.service.url).href);

    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("alert").waitFor();
    await assertAccessible(page, "the token form");

    await page
      .getByLabel("Token")
      .fill(decodeURIComponent(new URL(shared.service.url).hash.replace("#token=", "")));
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByLabel("Your question").waitFor();
    await context.close();
  });
}
