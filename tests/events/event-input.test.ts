import { describe, expect, test } from "bun:test";
import { type Static, Type } from "@sinclair/typebox";
import { Catalog } from "../../src/events/catalog.ts";
import { EventInput, eventViolations, isEventInput } from "../../src/events/event-input.ts";

// The type that people write and the schema that the hub checks by are the same.
type Mutable<T> = T extends readonly (infer Item)[] ? Item[] : T;
type Same = { -readonly [Key in keyof EventInput]: Mutable<EventInput[Key]> };
const schemaIsType = (event: Static<typeof EventInput>): EventInput => event;
const typeIsSchema = (
  event: { [Key in keyof Same]: Exclude<Same[Key], undefined> },
): Static<typeof EventInput> => event;

test("the schema and the type have the same members", () => {
  const event: Required<EventInput> = {
    type: "t",
    data: 1,
    topics: ["a"],
    topic: "b",
    id: "1",
    retry: 1,
    private: true,
    retain: true,
    end: true,
  };
  expect(Object.keys(EventInput.properties).sort()).toEqual(Object.keys(event).sort());
  expect([isEventInput(event), schemaIsType, typeIsSchema]).toEqual([
    true,
    expect.any(Function),
    expect.any(Function),
  ]);
});

describe("each fault is told once, in words", () => {
  const cases: [event: unknown, violations: [path: string, message: string | RegExp][]][] = [
    [
      {},
      [
        ["/type", "missing"],
        ["/data", "missing"],
      ],
    ],
    [{ type: "", data: 1 }, [["/type", "Expected 1 to 1,024 bytes without control characters"]]],
    [{ type: "x".repeat(1025), data: 1 }, [["/type", /1 to 1,024 bytes/]]],
    [{ type: "open", data: 1 }, [["/type", /EventSource/]]],
    [{ type: "connected", data: 1 }, [["/type", /belong to the hub/]]],
    [{ type: "t", data: 1, id: "bcdfghjkmnpq-7" }, [["/id", /hub gives ids of this form/]]],
    [{ type: "t", data: 1, topic: "orders/*" }, [["/topic", /pattern/]]],
    [{ type: "t", data: 1, topics: ["a\u200bb"] }, [["/topics/0", /format characters/]]],
    [{ type: "t", data: 1, private: true }, [["/topics", "missing: a private event needs a topic"]]],
    [{ type: "t", data: 1, topc: "a" }, [["/topc", "unknown; did you mean topic?"]]],
    [{ type: "t", data: 1, topics: "users/7" }, [["/topics", "Expected array"]]],
  ];
  test.each(cases)("%j", (event, expected) => {
    const found = eventViolations(event).map(({ path, message }) => [path, message]);
    expect(found).toEqual(
      expected.map(([path, message]) => [
        path,
        typeof message === "string" ? message : expect.stringMatching(message),
      ]),
    );
    expect(isEventInput(event)).toBe(false);
    expect(eventViolations(event, "/1")).toEqual(
      eventViolations(event).map(({ path, message }) => ({ path: `/1${path}`, message })),
    );
  });
});

test("missing members of an event's data are called missing", () => {
  const catalog = new Catalog({ order: Type.Object({ id: Type.Integer(), to: Type.Object({}) }) });
  expect(catalog.violations("order", {}, "/data")).toEqual([
    { path: "/data/id", message: "missing" },
    { path: "/data/to", message: "missing" },
  ]);
});
