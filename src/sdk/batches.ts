import { Deadline } from "./deadline.ts";

/** Enough to spread a request's cost thinly, small enough for the body limit of most hubs. */
const MOST_EVENTS = 1000;
const MOST_CHARACTERS = 256 * 1024;

/**
 * Encodes what a source brings and groups it into batches: each is what the source had ready, up to
 * a limit, so a slow source's events go out one by one and a fast one's by the thousand. While a
 * batch is being dealt with, at most one item more is asked of the source; that is the back-pressure.
 */
export async function* batches<T>(
  source: AsyncIterable<T> | Iterable<T>,
  encode: (item: T) => string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string[], void, void> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const pull = async () => iterator.next();
  const deadline = new Deadline(signal);
  let next = pull();
  try {
    for (;;) {
      // The first one may take as long as it likes.
      let item: IteratorResult<T> | typeof TURN_ENDED = await deadline.race(next);
      const batch: string[] = [];
      let characters = 0;
      const turn = endOfTurn();
      while (item !== TURN_ENDED && !item.done) {
        const text = encode(item.value);
        characters += text.length;
        batch.push(text);
        next = pull();
        if (batch.length >= MOST_EVENTS || characters >= MOST_CHARACTERS) break;
        // If the source fails, what it brought before goes out first; then `next` is awaited again.
        item = await Promise.race([next, turn]).catch(() => TURN_ENDED);
      }
      if (batch.length === 0) return;
      yield batch;
    }
  } finally {
    deadline.end();
    next.catch(() => {});
    // Not awaited: a source that waits for something that never comes could not answer.
    (async () => iterator.return?.())().catch(() => {});
  }
}

const TURN_ENDED = Symbol("turn ended");

/** Resolves when everything that is ready now has had its turn. */
function endOfTurn(): Promise<typeof TURN_ENDED> {
  return new Promise((resolve) => setTimeout(resolve, 0, TURN_ENDED));
}
