import { errors, type JWTVerifyGetKey } from "jose";
import { type Logger, silent } from "../logger.ts";
import { isKeySet, type KeySet, readKeySet } from "./key-set.ts";
import { PUBLIC_ALGORITHMS, type VerifyingKey } from "./verifying-key.ts";

/** How the keys at a URL are kept up to date. All times are in milliseconds. */
export interface RemoteKeysTimes {
  /** The age at which a set is fetched again. */
  readonly refresh: number;
  /** The shortest time between two fetches for unknown keys. */
  readonly cooldown: number;
  /** How long a fetch may take. */
  readonly timeout: number;
}

/** Keys that are fetched from a URL, and fetched again when they are old. */
export interface RemoteKeys extends VerifyingKey {
  /** Fetches the keys now. A failure is logged; the promise never rejects. */
  readonly refresh: () => Promise<void>;
}

const TIMES: RemoteKeysTimes = { refresh: 5 * 60_000, cooldown: 10_000, timeout: 3000 };
/** The largest set, in bytes: thousands of keys, where ten are many. */
const MAX_SET_BYTES = 512 * 1024;
/** The pause after a failure, in ms. It doubles with each further failure. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

/**
 * Uses the keys of a JWK set at a URL (RFC 7517, section 5).
 *
 * A token with an unknown key causes a new fetch, and a refresh drops keys that are no longer in the set.
 * A refresh runs in the background: while the server is away, the hub goes on with the keys that it has.
 * There is one fetch at a time, and after each failure a longer pause.
 *
 * @example
 * ```ts
 * import { Authority, remoteKeys } from "tidings";
 * const keys = remoteKeys(new URL("https://id.example.org/jwks.json"));
 * const authority = new Authority({ tokens: { ...keys, issuer: "https://id.example.org" } });
 * ```
 *
 * @param logger is told of failures; nothing is logged by default
 * @param times by default a refresh each 5 minutes, a cooldown of 10 s, and a timeout of 3 s
 */
export function remoteKeys(url: URL, logger: Logger = silent, times: RemoteKeysTimes = TIMES): RemoteKeys {
  return new KeysAtUrl(url, logger, times);
}

/** Its public members are own properties, so a caller can spread them and add the rules for tokens. */
class KeysAtUrl implements RemoteKeys {
  readonly algorithms = PUBLIC_ALGORITHMS;
  readonly #url: URL;
  readonly #logger: Logger;
  readonly #times: RemoteKeysTimes;
  readonly #listeners = new Set<() => void>();
  #text = "";
  #set: KeySet | undefined;
  #fetching: Promise<void> | undefined;
  /** When the next refresh is due, and the earliest time of the next fetch, by `performance.now()`. */
  #refreshAt = 0;
  #allowedAt = 0;
  #failures = 0;
  #failure: unknown;

  constructor(url: URL, logger: Logger, times: RemoteKeysTimes) {
    this.#url = url;
    this.#logger = logger;
    this.#times = times;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    const now = performance.now();
    if (now >= this.#refreshAt || !this.#set) {
      const fetched = this.#mayFetch() ? this.refresh() : this.#fetching;
      // Nobody waits for newer keys while there are some.
      if (!this.#set) await fetched;
    }
    const set = this.#set;
    if (!set) throw this.#failure;
    try {
      return await set.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (this.#mayFetch()) await this.refresh();
      else await this.#fetching;
      if (this.#set === set || !this.#set) throw error;
      return this.#set.find(header, token);
    }
  };

  readonly holds = (digest: string): boolean => this.#set?.holds(digest) ?? false;

  readonly onChange = (listener: () => void): void => {
    this.#listeners.add(listener);
  };

  readonly refresh = (): Promise<void> => {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  };

  #mayFetch(): boolean {
    return !this.#fetching && performance.now() >= this.#allowedAt;
  }

  async #fetch(): Promise<void> {
    try {
      const text = await fetchText(this.#url, this.#times.timeout);
      if (text !== this.#text || !this.#set) this.#take(text);
      if (this.#failures > 0) this.#logger.info({ url: this.#shownUrl }, "the keys are had again");
      this.#failures = 0;
      this.#refreshAt = performance.now() + this.#times.refresh;
      this.#allowedAt = performance.now() + this.#times.cooldown;
    } catch (error) {
      this.#failure = error;
      const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
      this.#allowedAt = performance.now() + pause;
      const fields = { url: this.#shownUrl, error: String(error), pause_ms: pause };
      if (this.#set) this.#logger.warn(fields, "no newer keys to check tokens with");
      else this.#logger.error(fields, "no keys to check tokens with");
    }
  }

  /** The URL without query and user, which may be secrets. */
  get #shownUrl(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  #take(text: string): void {
    const json: unknown = JSON.parse(text);
    if (!isKeySet(json)) throw new errors.JWKSInvalid("what is there is no JWK set");
    const set = readKeySet(json);
    this.#text = text;
    this.#set = set;
    if (set.unusable > 0) {
      const keys = json.keys.length;
      this.#logger.warn(
        { url: this.#shownUrl, keys, unusable: set.unusable },
        "some keys are of no use here",
      );
    }
    for (const listener of this.#listeners) listener();
  }
}

/** Fetches the text at the URL. @throws when there is none in time, or when it is too large. */
async function fetchText(url: URL, timeout: number): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    // A redirect would take keys from a place that the operator did not name.
    redirect: "manual",
    signal: AbortSignal.timeout(timeout),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the keys' server answered ${response.status}`);
  }
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  // To throw within the loop cancels the rest of the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_SET_BYTES) throw new Error(`the set of keys is larger than ${MAX_SET_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
