/** One thing to measure. */
export interface Case {
  readonly name: string;
  readonly clients: number;
  /** Connections that publish, each its next event when the last is answered. */
  readonly publishers: number;
  /** Of an event's data, in bytes. */
  readonly bytes: number;
  /** How many events are published. */
  readonly events: number;
}

const SMALL = 70;

/** What the table's rows are. Without clients it is publishing alone that is measured. */
export const cases: readonly Case[] = [
  { name: "100 clients", clients: 100, publishers: 1, bytes: SMALL, events: 3000 },
  { name: "1,000 clients", clients: 1000, publishers: 1, bytes: SMALL, events: 400 },
  { name: "5,000 clients", clients: 5000, publishers: 1, bytes: SMALL, events: 80 },
  { name: "1,000 clients, 64 publishers", clients: 1000, publishers: 64, bytes: SMALL, events: 3200 },
  { name: "1,000 clients, 4 KiB", clients: 1000, publishers: 1, bytes: 4096, events: 300 },
  { name: "publishing, 32 connections", clients: 0, publishers: 32, bytes: SMALL, events: 40_000 },
];

/** The same in a few seconds: less exact, by how much shows from round to round. */
export const quickCases: readonly Case[] = cases
  .filter(({ clients }) => clients <= 1000)
  .map((one) => ({ ...one, events: Math.ceil(one.events / 4) }));
