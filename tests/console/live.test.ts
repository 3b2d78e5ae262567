import { expect, test } from "bun:test";
import { Counter, Registry } from "prom-client";
import { valuesIn } from "../../src/console/page/live/current-values.ts";
import { publishersIn } from "../../src/console/page/live/publishers.ts";

test("the publishers are read from the metrics, whatever they are called", async () => {
  const registry = new Registry();
  const named = { help: "Events", labelNames: ["publisher"], registers: [registry] };
  const events = new Counter({ name: "tidings_publisher_events_total", ...named });
  const other = new Counter({ name: "tidings_other_total", ...named });
  const name = 'a "quoted" name\\n of\ntwo lines} 7';
  events.inc({ publisher: "shop" }, 3);
  events.inc({ publisher: name }, 12);
  other.inc({ publisher: "nobody" });
  expect(publishersIn(await registry.metrics())).toEqual([
    { name, events: 12 },
    { name: "shop", events: 3 },
  ]);
});

test("of the current values the newest of each type and topic is shown, newest first", () => {
  const value = (type: string, topics: string[], data: number) => ({
    ...{ id: String(data), type, topics, data },
    time: `2026-01-31T09:30:0${data}.000Z`,
  });
  const body = { values: [value("s", ["a", "b"], 1), value("t", [], 2), value("s", ["a"], 3)] };
  expect(valuesIn(body).map(({ type, topic, json }) => [type, topic, json])).toEqual([
    ["s", "a", "3"],
    ["t", "", "2"],
    ["s", "b", "1"],
  ]);
  expect(valuesIn({ values: [null, { type: 1 }] })).toEqual([]);
});
