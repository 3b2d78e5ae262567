/**
 * Below the ports that systems give to whoever asks for any: what ends and starts again on its port would
 * find that somebody else has it by then.
 */
const FIRST = 20_000;
/** So many for each process of tests: no two of them try the same one. */
const SHARE = 1000;

const first = FIRST + SHARE * Number(process.env["BUN_TEST_WORKER_ID"] ?? 0);
const given = new Set<number>();

/** A port of 127.0.0.1 that nobody has, nor gets until this file of tests is done. */
export function freePort(): number {
  for (;;) {
    const port = first + Math.floor(Math.random() * SHARE);
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
