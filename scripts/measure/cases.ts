/** What a case asks of a server beyond streams and the publishing of one event. */
export type Feature = "topics" | "batches" | "store" | "workers" | "mercure" | "nodes over Redis";

/** The versions of the Mercure protocol that hubs speak: 1, and what came before. */
export type Dialect = "1" | "0";

/** How a case's clients speak the Mercure protocol. */
export interface MercureUse {
  readonly dialect: Dialect;
  /** They ask for a topic by its name, or by a pattern that has the topics of one name. */
  readonly select: "topic" | "pattern";
}

/** One thing to measure. */
export interface Case {
  readonly name: string;
  readonly clients: number;
  /** Over so many topics the clients are spread, and what is published. */
  readonly topics: number;
  /** Connections that publish, each its next request when the last is answered. */
  readonly publishers: number;
  /** Events a second of all of them together; without it, as fast as they are answered. */
  readonly rate?: number;
  /** Of an event's data, in bytes. */
  readonly bytes: number;
  /** How many events are published. */
  readonly events: number;
  /** Events that a request has. */
  readonly batch: number;
  readonly needs: readonly Feature[];
  /** Processes that the hub serves from. */
  readonly workers: number;
  /** Each event has an id of its own. */
  readonly named?: true;
  /** Each event becomes the current value of its topic. */
  readonly retained?: true;
  /** Requests before it is measured, if the usual ones are too few for all that it runs to be compiled. */
  readonly warmUp?: number;
  /** Over the Mercure protocol, instead of the server's own. */
  readonly mercure?: MercureUse;
  /** Its clients come when all is published and the node that took it is killed, and ask for all of it. */
  readonly returns?: true;
  /** Its clients are left alone for a while, and what they take is read. */
  readonly rests?: true;
  /** The case of the same group that it is compared with. */
  readonly base?: string;
  /** Left out where it has to be quick. */
  readonly slow?: true;
}

/** Cases that belong together: a table of their own. */
export interface Group {
  readonly title: string;
  /** What is measured: see columns.ts. */
  readonly measures:
    | "deliveries"
    | "events"
    | "events at nodes"
    | "arrival"
    | "one event"
    | "one reader"
    | "calls"
    | "return"
    | "bytes";
  readonly cases: readonly Case[];
  /** What the cases that others are compared with have in common. */
  readonly compared?: "first case" | "one process" | "2 workers";
  /** In the chart too. */
  readonly drawn?: true;
}

/** What the largest case of one process takes, if so many can be opened. */
export const MOST_CLIENTS = 15_000;

const usual: Omit<Case, "name"> = {
  clients: 0,
  topics: 1,
  publishers: 1,
  bytes: 70,
  events: 0,
  batch: 1,
  needs: [],
  workers: 1,
};

const VERSIONS: Readonly<Record<Dialect, string>> = { "1": "version 1", "0": "version 0.x" };

const oneByOne: Case = {
  ...usual,
  name: "publishing, 32 connections",
  publishers: 32,
  events: 40_000,
  warmUp: 30_000,
};

/**
 * All there is to measure.
 *
 * @param mostClients no process has more of them.
 * @param dialect of the Mercure protocol.
 */
export function groupsWithin(mostClients: number, dialect: Dialect): Group[] {
  const few = (clients: number) => Math.min(clients, mostClients);
  const fanOut = (clients: number, rest: Partial<Case>, suffix = ""): Case => ({
    ...usual,
    ...rest,
    clients: few(clients),
    name: `${counted(few(clients))} clients${suffix}`,
  });
  const byMercure = (one: Case, select: MercureUse["select"] = "topic"): Case => ({
    ...one,
    name: `${one.name}, Mercure`,
    needs: [...one.needs, "mercure"],
    mercure: { dialect, select },
  });
  const topics = Math.floor(few(10_000) / 10);
  const idle = few(MOST_CLIENTS);
  const idleOver = (workers: number): Case => ({
    ...usual,
    name: `${counted(idle)} clients, idle, ${workers} workers`,
    clients: idle,
    rests: true,
    needs: ["workers"],
    workers,
  });
  // A worker may have a fifth more than its share, since it is the kernel that deals them out.
  const many = Math.min(50_000, Math.floor((4 * mostClients) / 1.2));
  return [
    {
      title: "Fan-out: deliveries",
      measures: "deliveries",
      drawn: true,
      cases: [
        fanOut(100, { events: 3000 }),
        fanOut(1000, { events: 400 }),
        fanOut(5000, { events: 80, slow: true }),
        // At this rate no queue builds up, so it does not pay to answer before an event is delivered.
        fanOut(1000, { events: 160, rate: 80 }, ", 80 events a second"),
        fanOut(1000, { events: 3200, publishers: 64 }, ", 64 publishers"),
        fanOut(1000, { events: 300, bytes: 4096 }, ", 4 KiB"),
      ],
    },
    {
      title: "Many topics: deliveries",
      measures: "deliveries",
      compared: "first case",
      cases: [
        { ...usual, name: "one topic, 10 clients", clients: 10, events: 20_000 },
        {
          ...usual,
          name: `${counted(topics)} topics, 10 clients each`,
          clients: topics * 10,
          topics,
          events: 20_000,
          needs: ["topics"],
          base: "one topic, 10 clients",
        },
      ],
    },
    {
      title: "Publishing one by one: events",
      measures: "events",
      drawn: true,
      cases: [oneByOne],
    },
    {
      title: "Publishing in batches of 100 over 8 connections: events",
      measures: "events",
      compared: "first case",
      cases: [
        { ...usual, ...batches, name: "batches, in memory", needs: ["batches"] },
        {
          ...usual,
          ...batches,
          name: "batches, --store FILE.db",
          needs: ["batches", "store"],
          base: "batches, in memory",
        },
        {
          ...usual,
          ...batches,
          name: "batches, in memory, 2 workers",
          needs: ["batches", "workers"],
          workers: 2,
          base: "batches, in memory",
        },
      ],
    },
    {
      title: "Clients that all connect at once, and then are idle",
      measures: "arrival",
      cases: [{ ...usual, name: `${counted(idle)} clients, idle`, clients: idle, rests: true }],
    },
    {
      title: `The Mercure protocol, ${VERSIONS[dialect]}: deliveries`,
      measures: "deliveries",
      cases: [
        byMercure(fanOut(1000, { events: 400 })),
        byMercure(fanOut(1000, { events: 160, rate: 80 }, ", 80 events a second")),
        byMercure(fanOut(1000, { events: 3200, publishers: 64 }, ", 64 publishers")),
        byMercure(fanOut(1000, { events: 400 }, " of one pattern"), "pattern"),
        byMercure(fanOut(1000, { events: 1000, topics: few(1000) }, ", a pattern each"), "pattern"),
      ],
    },
    {
      title: `The Mercure protocol, ${VERSIONS[dialect]}: clients that all connect at once, and then are idle`,
      measures: "arrival",
      cases: [
        byMercure({ ...usual, name: `${counted(few(5000))} clients, idle`, clients: few(5000), rests: true }),
      ],
    },
    {
      title: "Over workers: deliveries, the CPU of all processes counted",
      measures: "deliveries",
      compared: "one process",
      cases: [
        ...inBoth(fanOut(1000, { events: 160, rate: 80 }, ", 80 events a second")),
        ...inBoth(fanOut(5000, { events: 48, rate: 16, slow: true }, ", 16 events a second")),
        ...inBoth(fanOut(1000, { events: 3200, publishers: 64 }, ", 64 publishers")),
      ],
    },
    {
      title: "Over workers: events published one by one, the CPU of all processes counted",
      measures: "events",
      compared: "one process",
      cases: inBoth(oneByOne),
    },
    {
      title: "Over workers: clients that all connect at once, and then are idle",
      measures: "arrival",
      compared: "2 workers",
      cases: [idleOver(2), { ...idleOver(3), base: idleOver(2).name }],
    },
    {
      title: "Over workers: one event",
      measures: "one event",
      cases: [
        {
          ...usual,
          name: `${counted(many)} clients, one event, 4 workers`,
          clients: many,
          events: 1,
          rests: true,
          needs: ["workers"],
          workers: 4,
          slow: true,
        },
      ],
    },
    ...overRedis(fanOut),
  ];
}

/** Two nodes and one Redis: events are published at one node, and read at the other. */
function overRedis(fanOut: (clients: number, rest: Partial<Case>, suffix?: string) => Case): Group[] {
  const needs = ["nodes over Redis"] as const;
  const inBatches = { ...usual, needs: ["batches", ...needs] as const };
  const one = "two nodes and one Redis";
  const kinds = [
    { suffix: "" },
    { suffix: " with ids", named: true },
    { suffix: " with retain", retained: true, topics: 500 },
  ] as const;
  const calls = kinds.flatMap(({ suffix, ...kind }) =>
    [1, 100, 500, 1000, 10_000]
      .filter((batch) => batch <= ("topics" in kind ? kind.topics : 10_000))
      .map(
        (batch): Case => ({
          ...{ ...inBatches, ...kind, batch, events: batch * 20, bytes: 100 },
          name: `Redis: batches of ${counted(batch)}${suffix}`,
        }),
      ),
  );
  const bytes = [100, 4096].flatMap((size) =>
    kinds.slice(0, 2).map(
      ({ suffix, ...kind }): Case => ({
        ...{ ...inBatches, ...kind, batch: 100, events: 10_000, bytes: size, rests: true },
        name: `Redis: 10,000 events of ${counted(size)} bytes${suffix}`,
      }),
    ),
  );
  return [
    {
      title: `Over ${one}: deliveries, the CPU of all three counted`,
      measures: "deliveries",
      cases: [
        fanOut(1000, { events: 150, rate: 50, needs }, `, 50 events a second, ${one}`),
        fanOut(1000, { events: 3200, publishers: 64, needs }, `, 64 publishers, ${one}`),
      ],
    },
    {
      title: `Over ${one}: events, the CPU of all three counted, and of each for an event`,
      measures: "events at nodes",
      cases: [
        { ...oneByOne, name: `${oneByOne.name}, ${one}`, needs },
        { ...inBatches, ...batches, name: `batches, ${one}`, bytes: 100 },
      ],
    },
    {
      title: `Over ${one}: one reader at the other node`,
      measures: "one reader",
      cases: [
        { ...usual, name: `1 client, 20 events a second, ${one}`, clients: 1, events: 60, rate: 20, needs },
      ],
    },
    {
      title: `Over ${one}: readers that come to the other node when the first is killed`,
      measures: "return",
      cases: [
        {
          ...fanOut(
            1000,
            { ...inBatches, batch: 100, events: 10_000, returns: true },
            ", 10,000 events behind",
          ),
        },
      ],
    },
    { title: "The longest that one call holds Redis", measures: "calls", cases: calls },
    { title: "What Redis takes for a history of 10,000 events", measures: "bytes", cases: bytes },
  ];
}

/** The case in one process, and over two workers compared with that. */
function inBoth(one: Case): [Case, Case] {
  const base: Case = { ...one, name: `${one.name}, one process`, needs: [...one.needs, "workers"] };
  return [base, { ...base, name: `${one.name}, 2 workers`, workers: 2, base: base.name }];
}

const batches = { publishers: 8, events: 400_000, batch: 100 };

/** Most of it, each in a second or two: less exact, by how much shows from one run to the next. */
export function quick(groups: readonly Group[]): Group[] {
  const fewer = (one: Case) => ({ ...one, events: Math.ceil(one.events / one.batch / 6) * one.batch });
  return filtered(groups, ({ slow }) => !slow).map((group) => ({ ...group, cases: group.cases.map(fewer) }));
}

/** The cases of that name, or else those that have it in theirs, and what these are compared with. */
export function named(groups: readonly Group[], name: string): Group[] {
  const all = groups.flatMap(({ cases }) => cases);
  const exact = all.some((one) => one.name === name);
  const wanted = (one: Case) => (exact ? one.name === name : one.name.includes(name));
  const bases = new Set(all.filter(wanted).map(({ base }) => base));
  return filtered(groups, (one) => wanted(one) || bases.has(one.name));
}

function filtered(groups: readonly Group[], wanted: (one: Case) => boolean): Group[] {
  return groups
    .map((group) => ({ ...group, cases: group.cases.filter(wanted) }))
    .filter(({ cases }) => cases.length > 0);
}

function counted(count: number): string {
  return count.toLocaleString("en");
}
