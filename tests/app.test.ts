import { expect, test } from "bun:test";
import { createApp } from "../src/app.ts";
import { Broker } from "../src/broker/broker.ts";
import { flagRemedies } from "../src/config/remedies.ts";
import { openAccess } from "../src/http/access/access.ts";
import { silent } from "../src/logger.ts";

test("no hook has Elysia prepare for every request what only some need", () => {
  const app = createApp({ remedies: flagRemedies, logger: silent, broker: new Broker(), access: openAccess });
  // What Elysia has read out of the hooks' source. Each costs a publish some microseconds.
  expect(app["inference"]).toMatchObject({ body: false, cookie: false, headers: false, query: false });
});
