// `npm run mock`: serves the built page and the mock service on one port, with two documents in it.
import { fileURLToPath } from "node:url";
import { startMock } from "./server.mjs";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const mock = await startMock({ port: Number(process.env.PORT ?? 8420), dist });
console.log(mock.url);
