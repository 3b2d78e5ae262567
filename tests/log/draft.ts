import { createEntry, type Draft, type Entry, type EntryData } from "../../src/log/entry.ts";

/** A draft that says as little as it can. */
export function draft(fields: Partial<Draft> = {}): Draft {
  return {
    id: undefined,
    type: "t",
    json: "1",
    text: false,
    topics: [],
    retry: undefined,
    private: false,
    retain: false,
    end: false,
    ...fields,
  };
}

/** An entry that says as little as it can. */
export function entry(position: number, fields: Partial<EntryData> = {}): Entry {
  const place = { word: "bbbbbbbbbbbb", position, id: `id ${position}`, keptAt: 1000, recipients: 0 };
  return createEntry({ ...draft(), ...place, erased: false, ...fields });
}
