import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, openPage, shoot } from "../harness.mjs";

export function outageStories(shared) {
  test("a crash of the service is shown as it is, and the page goes on where it was", async (t) => {
    if (shared.service.isMock) return t.skip("the mock keeps nothing over a restart");
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await ask(page, "What is the tidal range at Penmarch?", { isReviewed: true });
    await page.getByRole("button", { name: /Run this plan/ }).waitFor();
    await page.getByText(/^Live/).waitFor();

    await shared.service.kill();
    await page
      .getByText(/Reconnecting|Offline/)
      .first()
      .waitFor();
    await shoot(page, "outage");
    await page.getByRole("button", { name: /Run this plan/ }).click();
    await page.getByText("Sent, waiting for the service").waitFor();

    const url = await shared.service.restart();
    assert.equal(new URL(url).host, new URL(shared.service.url).host);
    await page.getByText(/^(Live|Complete)/).waitFor();
    await page.getByRole("button", { name: /Run this plan/ }).waitFor({ state: "detached" });
    await opened.close();
  });
}
