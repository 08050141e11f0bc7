import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, handbook, openPage, shoot, tides, upload } from "../harness.mjs";

export function documentStories(shared) {
  test("files are added by choosing and by dropping, each with its outcome", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    const outcomes = page.getByRole("list", { name: "Uploads" });

    await upload(page, [handbook, tides]);
    await outcomes.getByText("added").nth(1).waitFor();

    await page.evaluate(({ name, text }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: "text/markdown" }));
      const zone = document.querySelector(".zone");
      zone.dispatchEvent(
        new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true }),
      );
      zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, handbook);
    await outcomes.getByText("unchanged").waitFor();

    await page
      .getByRole("link", { name: /lighthouse/i })
      .first()
      .waitFor();
    await shoot(page, "documents");
    await assertAccessible(page, "documents");
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  test("a file that cannot be read is told with its reason, and a document is deleted", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    const outcomes = page.getByRole("list", { name: "Uploads" });
    const scrap = page.getByRole("row").filter({ hasText: "scrap.md" });

    await upload(page, [
      { name: "scrap.md", text: "# Scrap\n\nTo be thrown away.\n" },
      { name: "noise.bin", text: "\u0000\u0001\u0002\u0000" },
    ]);
    await outcomes.locator(".error").waitFor();
    await scrap.getByRole("button", { name: /Delete/ }).click();
    await page.getByText(/^Deleted/).waitFor();
    await scrap.waitFor({ state: "detached" });

    await opened.close();
  });

  test("a search hit opens its document at the passage", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Search" }).click();
    await page.getByRole("searchbox").fill("who was the last keeper of the lighthouse");
    await page.keyboard.press("Enter");
    await page.getByRole("status").filter({ hasText: "passage" }).waitFor();
    await shoot(page, "search");
    await assertAccessible(page, "search");

    await page.locator("ol li a").first().click();
    const marked = page.locator("article mark").first();
    await marked.waitFor();
    assert.match(
      await page
        .locator("article mark")
        .allInnerTexts()
        .then((parts) => parts.join("")),
      /keeper/,
    );
    await shoot(page, "document");
    await assertAccessible(page, "a document");
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });
}
