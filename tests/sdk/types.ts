// Checked by the compiler, never run: what must and what must not compile with the SDK.
import { Type } from "@sinclair/typebox";
import { type AnyEvents, createPublisher, createSubscriber } from "tidings/sdk";

const events = {
  "order-created": Type.Object({ id: Type.Integer(), note: Type.Optional(Type.String()) }),
  // Also a built-in type; the user's schema wins.
  "trace-update": Type.Object({ trace: Type.String() }),
};
const url = "http://127.0.0.1:3000";

export async function publishing() {
  const hub = createPublisher<typeof events>({ url, token: process.env["TIDINGS_TOKEN"] });
  const { id, recipients, duplicate } = await hub.publish("order-created", { id: 1 });
  const all: [string, number, boolean | undefined] = [id, recipients, duplicate];
  await hub.publish("order-created", { id: 1, note: "gift" }, { topics: ["orders/1"], private: true });
  await hub.publish("nav-badge-update", { path: "/inbox", badge: "3" });
  await hub.publish("trace-update", { trace: "t1" });
  await hub.publishBatch([
    { type: "order-created", data: { id: 1 }, topic: "orders/1" },
    { type: "nav-badge-update", data: { path: "/", badge: "" } },
  ]);

  // @ts-expect-error: not a name of the catalog
  await hub.publish("order-creted", { id: 1 });
  // @ts-expect-error: not its data
  await hub.publish("order-created", { id: "1" });
  // @ts-expect-error: data missing
  await hub.publish("order-created");
  // @ts-expect-error: the built-in schema does not count beside the user's
  await hub.publish("trace-update", { trace_id: "t1", span_count: 1 });
  // @ts-expect-error: a literal that the built-in schema does not know
  await hub.publish("notification", { id: "1", source: "s", message: "m", severity: "fatal", time: 1 });
  // @ts-expect-error: the data of another type
  await hub.publishBatch([{ type: "order-created", data: { path: "/", badge: "" } }]);
  // @ts-expect-error: a misspelt option
  await hub.publish("order-created", { id: 1 }, { topcs: ["orders/1"] });
  return all;
}

export async function publishingWithoutACatalog() {
  const hub = createPublisher({ url });
  await hub.publish("nav-badge-update", { path: "/", badge: "" });
  // @ts-expect-error: only the built-in types are known
  await hub.publish("order-created", { id: 1 });

  const any = createPublisher<AnyEvents>({ url });
  await any.publish("whatever", { it: ["may", "be"] });
}

export async function subscribing() {
  for await (const event of createSubscriber<typeof events>({ url, topics: ["orders/*"] })) {
    const id: string = event.id;
    if (event.type === "order-created") {
      const order: { id: number; note?: string } = event.data;
      // @ts-expect-error: not in its data
      event.data.path;
      return [id, order];
    }
    if (event.type === "nav-badge-update") {
      const badge: string = event.data.badge;
      return badge;
    }
    // @ts-expect-error: not a name of the catalog
    if (event.type === "order-creted") return;
  }
  // @ts-expect-error: not a name of the catalog
  createSubscriber<typeof events>({ url, types: ["order-creted"] });

  await createSubscriber<typeof events>({ url }).handle({
    "order-created": ({ data }) => console.log(data.id),
    notification: async ({ data }) => console.log(data.severity),
  });
  await createSubscriber<typeof events>({ url }).handle({
    // @ts-expect-error: not in its data
    "order-created": ({ data }) => console.log(data.path),
  });

  for await (const event of createSubscriber<AnyEvents>({ url, types: ["whatever"] })) {
    const type: string = event.type;
    const data: unknown = event.data;
    return [type, data];
  }
}
