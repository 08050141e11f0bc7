import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, openPage, shoot } from "../harness.mjs";

async function openFinishedRun(page) {
  await page
    .locator('a[href^="#/runs/"]')
    .filter({ hasText: /answered/ })
    .last()
    .click();
  await page.getByRole("heading", { name: "Answer", exact: true, level: 2 }).waitFor();
}

/** What reaches past the right edge of a page that can be scrolled sideways. */
async function stickingOut(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth + 1) return [];
    const wide = [...document.querySelectorAll("body *")].filter(
      (node) => node.getBoundingClientRect().right > clientWidth + 1,
    );
    return wide.map((node) => `${node.tagName}.${node.className}`).slice(0, 8);
  });
}

export function lookStories(shared) {
  for (const theme of ["light", "dark"]) {
    test(`every page is readable and accessible in the ${theme} theme`, async () => {
      const opened = await openPage(shared.browser, shared.service, { theme });
      const { page } = opened;
      await page.locator('a[href^="#/runs/"]').first().waitFor();
      await shoot(page, `home-${theme}`);
      await assertAccessible(page, `home, ${theme}`);

      await openFinishedRun(page);
      await shoot(page, `run-${theme}`);
      for (const tab of ["Knowledge", "Map", "Files"]) {
        await page.getByRole("tab", { name: new RegExp(tab) }).click();
        await page.getByRole("tabpanel", { name: new RegExp(tab) }).waitFor();
        if (tab === "Map") await shoot(page, `map-${theme}`);
        await assertAccessible(page, `${tab}, ${theme}`);
      }
      await page.getByRole("button", { name: /^revision/ }).click();
      await page.getByRole("dialog").waitFor();
      await shoot(page, `revisions-${theme}`);
      await assertAccessible(page, `revisions, ${theme}`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      await shoot(page, `shortcuts-${theme}`);
      await assertAccessible(page, `shortcuts, ${theme}`);
      assert.deepEqual(opened.errors, []);
      await opened.close();
    });
  }

  test("the theme is switched by hand and kept over a reload", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await page.getByRole("button", { name: /Switch to light/ }).click();
    await page.getByRole("button", { name: /Switch to dark/ }).click();
    await page.reload();
    await page.getByRole("button", { name: /Theme: dark/ }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await opened.close();
  });

  for (const width of [400, 1000]) {
    test(`nothing sticks out of a window of ${width} pixels`, async () => {
      const opened = await openPage(shared.browser, shared.service, { width, height: 800 });
      const { page } = opened;
      await page.locator('a[href^="#/runs/"]').first().waitFor();
      await shoot(page, `home-${width}`);
      assert.deepEqual(await stickingOut(page), [], "home");
      await openFinishedRun(page);
      await shoot(page, `run-${width}`);
      assert.deepEqual(await stickingOut(page), [], "a run");
      await assertAccessible(page, `a run at ${width}`);
      for (const [hash, title] of [
        ["#/documents", "Documents"],
        ["#/search?q=lighthouse", "Search"],
        ["#/inbox", "Inbox"],
      ]) {
        await page.goto(new URL(hash, page.url()).href);
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
        assert.deepEqual(await stickingOut(page), [], title);
      }
      await shoot(page, `inbox-${width}`);
      await opened.close();
    });
  }
}
