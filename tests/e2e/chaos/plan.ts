/** How often each fault comes, in proportion. Those of both lists come when nodes stand behind nginx. */
const FAULTS = {
  "kill Redis, start it at once": 3,
  "kill Redis, promote its replica that lags": 4,
  "promote, and again": 2,
  "stop Redis": 3,
  "cut the replica off": 2,
  "cut a node off": 3,
  "cut all nodes off": 2,
  "leave a node on the wrong side": 3,
  "fill the disk": 2,
  "kill the connections": 2,
  "erase all": 2,
  "kill a node": 3,
  "stop a node": 2,
  "damage what Redis sends": 2,
  "lose what Redis answers": 2,
} as const;
const FAULTS_OF_MACHINES = {
  "drain a node": 3,
  "upgrade all nodes": 1,
  "kill a worker": 3,
} as const;

export type FaultKind = keyof typeof FAULTS | keyof typeof FAULTS_OF_MACHINES;

/** One fault, as the seed says it. What it meets depends on the time that processes take. */
export interface Fault {
  readonly kind: FaultKind;
  /** Which node, from 0 on. */
  readonly node: number;
  /** How long or how much, from 0 to 1. */
  readonly strength: number;
  /** Which of two ways, where there are two. */
  readonly variant: boolean;
  /** The wait before it, in milliseconds. */
  readonly pause: number;
  /** Whether all is to be well again before the next fault comes. */
  readonly settles: boolean;
}

/** What Redis promises in a run. */
export interface Promised {
  readonly appendfsync: "always" | "everysec";
  readonly replicas: 0 | 1;
}

/**
 * They come first, so that they are in every run: only they show what words, recoveries, checksums and the numbers
 * of appends are for.
 * All is well again after each: what the next one does would hide what came of it.
 */
const FIRST: readonly FaultKind[] = [
  "leave a node on the wrong side",
  "promote, and again",
  "damage what Redis sends",
  "lose what Redis answers",
];

function* randoms(seed: number): Generator<number, never, void> {
  let x = seed >>> 0 || 1;
  for (;;) {
    x = (x ^ (x << 13)) >>> 0;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    yield x / 4294967296;
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  const numbers = randoms(seed);
  for (let i = 0; i < 8; i++) numbers.next();
  return () => numbers.next().value;
}

/** What a seed says: what Redis promises, and as many faults as asked for. More faults begin with the same. */
export function planOf(
  seed: number,
  count: number,
  ofMachines: boolean,
): { promised: Promised; faults: Fault[] } {
  const random = randomOf(seed);
  const weights = Object.entries({ ...FAULTS, ...(ofMachines && FAULTS_OF_MACHINES) });
  const kinds = weights.flatMap(([kind, weight]) => Array<FaultKind>(weight).fill(kind as FaultKind));
  const promised: Promised = {
    appendfsync: random() < 0.7 ? "always" : "everysec",
    replicas: random() < 0.25 ? 1 : 0,
  };
  const faults = Array.from({ length: count }, (_, i): Fault => {
    const kind = kinds[Math.floor(random() * kinds.length)];
    return {
      kind: FIRST[i] ?? kind ?? "kill a node",
      node: Math.floor(random() * 3),
      strength: random(),
      variant: random() < 0.5,
      pause: Math.round(100 + 500 * random()),
      settles: random() < 0.6 || i < FIRST.length,
    };
  });
  return { promised, faults };
}

export function faultText({ kind, node, strength, variant, settles }: Fault): string {
  return `${kind} (${node}, ${strength.toFixed(2)}, ${variant ? "a" : "b"})${settles ? "" : " +"}`;
}
