import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, assertAccessible, openPage, openTab, shoot, startSite } from "../harness.mjs";

const revision = (page, rev) => page.getByRole("button", { name: new RegExp(`^revision ${rev} `) });
const step = (page, index) => page.locator("[data-step]").nth(index);

async function takeOver(page, title, result) {
  const taken = page.locator("[data-step]").filter({ hasText: title });
  await taken.getByRole("button", { name: "Take over" }).click();
  await taken.getByLabel("Your result for this step").fill(result);
  await taken.getByRole("button", { name: "Commit result" }).click();
  await taken.getByText("done", { exact: true }).waitFor();
}

/** Answers whatever still waits, until the run is over. */
async function approveUntilOver(page) {
  const over = page.locator(".end");
  const approve = page.getByRole("button", { name: /^Approve/ }).first();
  for (;;) {
    await over.or(approve).first().waitFor({ timeout: 60_000 });
    if (await over.isVisible()) return;
    await shoot(page, "approval");
    await approve.click();
    await approve.waitFor({ state: "detached" });
  }
}

export function runStories(shared) {
  test("a person steers a run: edits its plan, pauses, injects, takes over, approves, forks, exports", async (t) => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await ask(page, "When was the lighthouse of Kérity built?", { isReviewed: true });
    await page.getByRole("button", { name: /Run this plan/ }).waitFor();
    await revision(page, 1).waitFor();

    await t.test(
      "a step is edited in place by keyboard, and the edit is a revision with its author",
      async () => {
        await step(page, 0).focus();
        await page.keyboard.press("Enter");
        await page.getByLabel("Title", { exact: true }).fill("Search the parish records first");
        await page.keyboard.press("Control+Enter");
        await revision(page, 2).waitFor();
        await step(page, 0).getByText(/rev 2/).waitFor();
      },
    );

    await t.test("a step is added", async () => {
      await page.getByRole("button", { name: "+ Add a step" }).click();
      await page.getByLabel("Title", { exact: true }).fill("Ask the museum by telephone");
      await page.getByRole("button", { name: /^Save/ }).click();
      await revision(page, 3).waitFor();
    });

    await t.test("it is moved up by keyboard", async () => {
      const count = await page.locator("[data-step]").count();
      await step(page, count - 1).focus();
      await page.keyboard.press("Alt+ArrowUp");
      await revision(page, 4).waitFor();
      await step(page, count - 2)
        .getByRole("heading", { name: "Ask the museum" })
        .waitFor();
    });

    await t.test("and moved back by dragging", async () => {
      const count = await page.locator("[data-step]").count();
      const [from, to] = [count - 2, 0];
      await step(page, from).locator("[draggable=true]").dragTo(step(page, to));
      await revision(page, 5).waitFor();
      await step(page, 0).getByRole("heading", { name: "Ask the museum" }).waitFor();
      await step(page, 0).focus();
      await page.keyboard.press("Alt+ArrowDown");
      await revision(page, 6).waitFor();
    });

    const other = await openTab(opened, new URL(page.url()).hash);
    await t.test("a second tab shows the same revision, and a pause in one is a pause in both", async () => {
      await revision(other, 6).waitFor();
      await page.keyboard.press("p");
      await page.getByText("Nothing moves until you resume").waitFor();
      await other.getByText("Nothing moves until you resume").waitFor();
    });

    await t.test(
      "two people edit the same revision: the second sees both sides and applies hers on top",
      async () => {
        await other.keyboard.press("e");
        const text = other.getByLabel("The plan in Markdown");
        await other.waitForFunction(() => document.querySelector("#plan-markdown")?.value.length > 20);
        const mine = (await text.inputValue()).replace(
          "Search the parish records first",
          "Search the parish records closely",
        );
        await page.locator("[data-step]").last().focus();
        await page.keyboard.press("Enter");
        await page.getByLabel("Title", { exact: true }).fill("Answer with care");
        await page.keyboard.press("Control+Enter");
        await revision(page, 7).waitFor();

        await text.fill(mine);
        await other.getByRole("button", { name: "Save as a new revision" }).click();
        await other.getByText("The plan changed while you were editing").waitFor();
        await other.getByLabel("Both changes in one text").waitFor();
        await other.waitForFunction(
          () => document.querySelector("dialog:last-of-type textarea")?.value.length > 20,
        );
        await shoot(other, "conflict");
        await assertAccessible(other, "the conflict dialog");
        assert.match(
          await other.getByLabel("Both changes in one text").inputValue(),
          /records closely[^]*Answer with care/,
        );
        await other.getByRole("button", { name: "Apply mine on revision 7" }).click();
        await revision(page, 8).waitFor();
        await other.close();
      },
    );

    await t.test("a note and a quote are injected", async () => {
      await page.keyboard.press("m");
      await page.getByLabel("What they should know").fill("The parish record may be wrong by two years.");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByRole("tab", { name: /Notes 1/ }).click();
      await page.getByText("not read yet").waitFor();

      await page.getByRole("tab", { name: /Evidence/ }).click();
      await page.getByRole("button", { name: "Add a quote" }).click();
      await page.getByLabel("Quote, word for word").fill("built in 1856 by the engineer Léonce Reynaud");
      await page.getByRole("button", { name: "Find it in the documents" }).click();
      await page.locator(".hit").first().click();
      await page.getByText("verbatim in").waitFor();
      await page.getByRole("button", { name: "Add", exact: true }).click();
      await page.locator("[data-evidence]").first().waitFor();
    });

    await t.test("evidence is shown in its context, dropped with a reason and restored", async () => {
      const quote = page.locator("[data-evidence]").first();
      await quote.getByRole("button", { name: "Context" }).click();
      assert.match(await quote.locator("mark").innerText(), /1856/);
      await quote.getByRole("button", { name: "Drop…" }).click();
      await quote.getByLabel("Why it should not count").fill("only one source");
      await quote.getByRole("button", { name: "Drop", exact: true }).click();
      await quote.getByText("Dropped: only one source").waitFor();
      await quote.getByRole("button", { name: "Restore" }).click();
      await quote.getByRole("button", { name: "Drop…" }).waitFor();
    });

    await t.test("a reload in the middle of the run loses nothing", async () => {
      await page.reload();
      await page.getByText("Nothing moves until you resume").waitFor();
      await revision(page, 8).waitFor();
      await page.getByText(/^Live/).waitFor();
    });

    await t.test("a step is taken over and its result committed", async () => {
      await takeOver(page, "Ask the museum", "The museum says 1856.");
    });

    await t.test("the plan is approved, the run goes on and ends with an answer", async () => {
      await shoot(page, "run-paused");
      await assertAccessible(page, "a paused run");
      await page.getByRole("button", { name: /Run this plan/ }).click();
      await page.getByRole("button", { name: /Run this plan/ }).waitFor({ state: "detached" });
      await page
        .getByRole("button", { name: /^Resume/ })
        .first()
        .click();
      await approveUntilOver(page);
      await page.getByRole("heading", { name: "Answer", exact: true, level: 2 }).waitFor();
      await shoot(page, "run-finished");
      await assertAccessible(page, "a finished run");
    });

    await t.test("a citation opens its source with the quote marked", async () => {
      await page.locator("a.cite").first().click();
      await page.locator("dialog mark").first().waitFor();
      await shoot(page, "source");
      await page.getByRole("button", { name: "Close" }).click();
      await page.waitForFunction(() => document.activeElement?.matches("a.cite"));
    });

    await t.test("the past is looked at event by event, and forked", async () => {
      const range = page.getByRole("slider", { name: "Event that is shown" });
      await range.focus();
      await page.keyboard.press("Home");
      await page.getByText(/You look at event 1 of/).waitFor();
      await page.getByText("The plan is being drafted").waitFor();
      await page.keyboard.press("End");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await page.getByRole("button", { name: "Fork from here" }).click();
      const parent = page.url();
      await page.getByRole("dialog").getByRole("button", { name: "Fork" }).click();
      await page.waitForFunction((before) => location.href !== before, parent);
      await page.getByRole("link", { name: /forked at event/ }).waitFor();
      await page.getByText("Forked: change what you like").first().waitFor();
      await page
        .getByRole("button", { name: /^Resume/ })
        .first()
        .click();
      await approveUntilOver(page);
    });

    await t.test("the report, the whole and the log are exported", async () => {
      for (const [name, pattern] of [
        ["markdown", /lighthouse/],
        ["json", /^\{/],
        ["event log", /run\.submitted/],
      ]) {
        await page.getByText("Export", { exact: true }).click();
        const download = page.waitForEvent("download");
        await page.getByRole("link", { name }).click();
        const stream = await (await download).createReadStream();
        const parts = [];
        for await (const part of stream) parts.push(part);
        assert.match(Buffer.concat(parts).toString(), pattern);
        await page.getByText("Export", { exact: true }).click();
      }
    });

    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  test("fetching a page waits for approval, and the arguments can be edited", async () => {
    const site = await startSite(
      "<h1>Tower</h1><p>The tower of Kérity is forty-one metres high, says the mason's book.</p>",
    );
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await ask(page, `How high is the tower of Kérity, according to ${site.url}?`);
    const hold = page.locator("[data-hold]").first();
    await hold.getByText("Approval").waitFor();
    await shoot(page, "approval");
    await assertAccessible(page, "an approval");

    await hold.focus();
    await page.keyboard.press("e");
    const args = hold.getByLabel("Arguments (JSON)");
    await args.fill((await args.inputValue()).replace("page.html", "page.html?edited=1"));
    await hold.getByRole("button", { name: "Approve as edited" }).click();
    await hold.waitFor({ state: "detached" });
    await approveUntilOver(page);

    if (!shared.service.isMock)
      await page.locator("[data-evidence]").filter({ hasText: "forty-one metres" }).first().waitFor();
    assert.deepEqual(opened.errors, []);
    await opened.close();
    site.close();
  });

  test("a denied fetch is told to the agent with the comment, and the run goes on", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await ask(page, "What does http://127.0.0.1:9/none.html say of the keeper of the lighthouse?");
    const hold = page.locator("[data-hold]").first();
    await hold.getByLabel("Comment").fill("not that site");
    await hold.getByRole("button", { name: /^Deny/ }).click();
    await page.getByText(/deny, “not that site”/).waitFor();
    await approveUntilOver(page);
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  test("a question that the sources do not answer gets a plain answer that says so", async () => {
    const opened = await openPage(shared.browser, shared.service);
    await ask(opened.page, "Zyxwv qqfrob glimmerstone ptarmigan?");
    await approveUntilOver(opened.page);
    await opened.page
      .getByRole("region", { name: "Answer" })
      .getByText("Not found in your sources.", { exact: true })
      .waitFor();
    await shoot(opened.page, "not-found");
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });

  test("what waits for a person is answered from the inbox by keyboard", async () => {
    const opened = await openPage(shared.browser, shared.service);
    const { page } = opened;
    await ask(page, "Who was the last keeper of the lighthouse?", { isReviewed: true });
    await page.getByRole("button", { name: /Run this plan/ }).waitFor();
    await page.getByRole("link", { name: /Inbox 1/ }).click();
    await page.locator("[data-hold]").waitFor();
    await shoot(page, "inbox");
    await assertAccessible(page, "the inbox");
    await page.keyboard.press("j");
    await page.keyboard.press("y");
    await page.getByText("Plan review").waitFor({ state: "detached" });
    assert.deepEqual(opened.errors, []);
    await opened.close();
  });
}
