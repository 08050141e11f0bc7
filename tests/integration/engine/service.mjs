// A service over a tiny model, whose words mean nothing, and what its tests ask of it.
import { join } from "node:path";
import { writeTinyModel } from "../../support/tiny_model.mjs";
import { makeFolder, start } from "../cli/program.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A service on a folder of its own that can be killed and started again. `model`: as the option takes it; else the tiny one. */
export async function startService(t, asked) {
  const folder = makeFolder(t);
  const model = asked ?? `engine:${writeTinyModel(folder)}`;
  let program;
  let address;
  const launch = async () => {
    const args = ["serve", "--data", join(folder, "data"), "--port", "0", "--print-url"];
    program = start(folder, args, { LYCEUM_MODEL: model });
    address = new URL((await program.printed(/(http\S+)\n/))[1]);
  };
  const kill = async () => {
    program.child.kill("SIGKILL");
    await program.ended;
  };
  await launch();
  t.after(kill);
  /** The status and the body of an answer. */
  const call = async (path, body, type = "application/json") => {
    const headers = { Authorization: `Bearer ${address.hash.replace("#token=", "")}`, "Content-Type": type };
    const method = body === undefined ? "GET" : "POST";
    const response = await fetch(new URL(path, address), { method, headers, body });
    return { status: response.status, json: await response.json() };
  };
  const service = {
    call,
    launch,
    kill,
    post: (path, body) => call(path, JSON.stringify(body)),
    async addDocument(name, text) {
      await call(`/api/documents?collection=all&source=${name}`, text, "text/markdown");
    },
    async ask(question) {
      const { json } = await service.post("/api/runs", { question, approvals: "auto" });
      return json.run;
    },
    async command(run, command) {
      return await service.post(`/api/runs/${run}/commands`, { id: `c${Math.random()}`, ...command });
    },
    async events(run) {
      return (await call(`/api/runs/${run}/events?limit=1000`)).json.events;
    },
    /** The events of a run once `isEnough(events)` holds. */
    async until(run, isEnough) {
      for (;;) {
        const events = await service.events(run);
        if (isEnough(events)) return events;
        await pause(10);
      }
    },
    async finish(run) {
      return await service.until(run, (events) => events.at(-1).type === "run.finished");
    },
  };
  return service;
}

export const ofType = (events, type) => events.filter((event) => event.type === type);

/** What the model wrote, in order. */
export const written = (events) =>
  ofType(events, "action.observed")
    .filter(({ data }) => data.name === "model.write")
    .map(({ data }) => data.result.text);
