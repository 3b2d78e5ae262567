import { errors, type JWTVerifyGetKey } from "jose";
import { type Logger, silent } from "../logger.ts";
import { isKeySet, type KeySet, readKeySet } from "./key-set.ts";
import { PUBLIC_ALGORITHMS, type VerifyingKey } from "./verifying-key.ts";

/** How the keys at a URL are kept up to date, in ms. */
export interface RemoteKeysTimes {
  /** How long a set is used before a newer one is asked for. */
  readonly refresh: number;
  /** An unknown key asks for a newer set at most this often, whatever tokens name. */
  readonly cooldown: number;
  /** How long the keys' server may take. */
  readonly timeout: number;
}

/** Keys that are fetched, now and then, from where they are published. */
export interface RemoteKeys extends VerifyingKey {
  /** Fetches them now, unless that is under way. A failure is told of in the log. */
  readonly refresh: () => Promise<void>;
}

const TIMES: RemoteKeysTimes = { refresh: 5 * 60_000, cooldown: 10_000, timeout: 3000 };
/** How large a set may be, in bytes: thousands of keys, where there are seldom ten. */
const MAX_SET_BYTES = 512 * 1024;
/** How long to wait after a failure, in ms; twice as long after each that follows. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

/**
 * Keys that are published at a URL as a JWK set (RFC 7517, section 5).
 *
 * A key that is not among them yet makes it look again, and old ones are forgotten at the next
 * refresh. That happens in the background: while the keys' server is away, the hub goes on with
 * the keys it has. There is one fetch at a time, and after a failure a pause that grows.
 */
export function remoteKeys(url: URL, logger: Logger = silent, times: RemoteKeysTimes = TIMES): RemoteKeys {
  return new KeysAtUrl(url, logger, times);
}

/** Its members can be spread, as those of any other key are to join them with a token's rules. */
class KeysAtUrl implements RemoteKeys {
  readonly algorithms = PUBLIC_ALGORITHMS;
  readonly #url: URL;
  readonly #logger: Logger;
  readonly #times: RemoteKeysTimes;
  readonly #listeners = new Set<() => void>();
  #text = "";
  #set: KeySet | undefined;
  #fetching: Promise<void> | undefined;
  /** When a newer set is due, and how soon one may be asked for: by the clock of `performance.now()`. */
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
      // With keys in hand, nobody waits for newer ones.
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

  /** Its query and user may be secrets. */
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

/** The text at the URL. @throws when it is not answered with one, in time, that is not too long. */
async function fetchText(url: URL, timeout: number): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    // To follow would be to take keys from elsewhere than the operator said.
    redirect: "manual",
    signal: AbortSignal.timeout(timeout),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the keys' server answered ${response.status}`);
  }
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  // Leaving the loop cancels what is left of it.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_SET_BYTES) throw new Error(`the set of keys is larger than ${MAX_SET_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
