// A hub in an application of one's own.
import { treaty } from "@elysiajs/eden";
import { Elysia } from "elysia";
import { type Access, type App, Broker, Catalog, handleSSE, SqliteStore, tidings } from "tidings";
import { EventType } from "tidings/events";
import events from "./events.js";

const store = new SqliteStore("events.db", { bounds: { events: 100 } });
const broker = new Broker({ catalog: new Catalog(events), keepAlive: 15_000, store });
const access: Access = () => ({ publish: { topics: ["*"] }, subscribe: ["*"], privateTopics: [] });
const app = new Elysia()
  .get("/mine", () => "mine" as const)
  .group("/hub", (hub) => hub.use(tidings({ broker, access })))
  .get("/sse", handleSSE(broker, { onConnect: (client) => client.subscribe("orders/1") }))
  .listen({ port: 0, hostname: "127.0.0.1" });

await broker.publish({ type: EventType.NavBadgeUpdate, data: { path: "/", badge: "1" } });
// @ts-expect-error: a wrong payload
export const wrong = () => broker.broadcastJSON("nav-badge-update", { path: "/" });
// @ts-expect-error: a wrong payload of its own catalog
export const wrongToo = () => broker.broadcast({ type: "order-created", data: { id: "1" } });

// The hooks and the topics of a broker are typed by its catalog.
export const hooked = tidings({
  broker,
  onConnect(client) {
    client.send("order-created", { id: 1 });
    // @ts-expect-error: a wrong payload for one client
    client.send("order-created", { id: "1" });
  },
  onDisconnect: ({ id }) => broker.removeClient(id),
});
export const orders = broker.topic("orders/1");
export const latest: number | undefined = orders.current("order-created")?.id;
// @ts-expect-error: a wrong payload on a topic
export const wrongThere = () => orders.publish("order-created", { id: "1" });

const url = app.server?.url.origin ?? "";
const mine: "mine" | null = (await treaty<typeof app>(url).mine.get()).data;
const order = { type: "order-created", data: { id: "1" } };
const refused = await treaty<typeof app>(url).hub.publish.post(order);
const status = await treaty<App>(`${url}/hub`).status.get();
const clients: number | undefined = status.data?.connected_clients;
console.log(mine, refused.status, clients, store.count);
await app.stop();
await broker.close();
