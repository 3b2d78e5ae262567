import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { Broker } from "../../src/broker/broker.ts";
import { tidings } from "../../src/plugin.ts";
import { defer } from "../defer.ts";
import { post } from "../post.ts";
import { until } from "../until.ts";
import { open } from "./mercure-hub.ts";

test("a plugin has the route below its prefix, and its own namespace there", async () => {
  const broker = new Broker();
  const access = () => ({ publish: { topics: ["*"] }, subscribe: ["*"], privateTopics: [] });
  const app = new Elysia()
    .use(tidings({ broker, prefix: "/live", access }))
    .listen({ port: 0, hostname: "127.0.0.1" });
  defer(() => app.stop(true));
  const url = `http://127.0.0.1:${app.server?.port}/live`;
  const stream = await open(`${url}/.well-known/mercure?match_urlpattern=/orders/:id`);
  await until(() => broker.clientCount === 1);
  const publish = (topic: string) => post(`${url}/publish`, { type: "order", data: 1, topic });
  expect((await publish("/live/.well-known/mercure/subscriptions/x")).status).toBe(422);
  const reserved = { type: "order", data: 1, topics: ["fine", "/live/.well-known/mercure/x"] };
  expect((await post(`${url}/publish/batch`, [reserved])).status).toBe(422);
  expect((await publish("#general")).status).toBe(200);
  expect((await publish("/orders/7")).status).toBe(200);
  const update = (topic: string) =>
    fetch(`${url}/.well-known/mercure`, { method: "POST", body: new URLSearchParams({ topic, data: "x" }) });
  expect((await update("/live/.well-known/mercure/x")).status).toBe(400);
  expect((await update("/orders/8")).status).toBe(200);
  await until(() => stream.events.length === 2);
  expect(stream.events).toMatchObject([{ event: "order", data: "1" }, { data: "x" }]);
});
