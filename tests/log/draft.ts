import type { Draft } from "../../src/log/entry.ts";

/** A draft that says as little as it can. */
export function draft(fields: Partial<Draft> = {}): Draft {
  return { id: undefined, type: "t", json: "1", topics: [], retry: undefined, private: false, ...fields };
}
