import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { Broker, Catalog, InvalidEvent } from "tidings";
import { Recorder } from "./recorder.ts";

const catalog = new Catalog({ "order-shipped": Type.Object({ id: Type.Integer() }) });

test("a topic publishes, counts and lists", async () => {
  const broker = new Broker({ catalog });
  const order = broker.topic("orders/7");
  const interests = [["orders/7"], ["orders/*"], [], ["orders/8"]];
  const sinks = interests.map((topics) => {
    const sink = new Recorder();
    broker.addClient(sink, { interest: { topics, types: [] } });
    return sink;
  });
  expect(order.clientCount).toBe(3);
  expect([...order.clients].map(({ topics }) => topics)).toEqual([["orders/7"], ["orders/*"], []]);
  const { recipients } = await order.publish("order-shipped", { id: 7 }, { id: "seven" });
  expect(recipients).toBe(3);
  order.broadcast("order-shipped", { id: 8 });
  await broker.close();
  expect(sinks.map(({ events }) => events.length)).toEqual([2, 2, 2, 0]);
  // @ts-expect-error: a wrong payload
  expect(() => order.broadcast("order-shipped", { id: "7" })).not.toThrow();
  expect(() => broker.topic("orders/*")).toThrow(TypeError);
});

test("it has the current value of a type", async () => {
  const broker = new Broker({ catalog });
  const order = broker.topic("orders/7");
  expect(order.current("order-shipped")).toBeUndefined();
  await order.publish("order-shipped", { id: 1 }, { retain: true });
  await broker.publish({ type: "order-shipped", data: { id: 2 }, retain: true });
  const [here, alone] = [order.current("order-shipped")?.id, broker.current("order-shipped")?.id];
  expect([here, alone, broker.current("order-shipped", "orders/8")]).toEqual([1, 2, undefined]);
  expect(() => order.publish("order-shipped", { id: "1" } as never)).toThrow(InvalidEvent);
  await broker.close();
});
