/** About so many characters are read in one step. */
const STEP_LENGTH = 16 * 1024;

/**
 * Whether two JSON texts without white space between their tokens say the same: the members of an object have no
 * order (RFC 8259, section 1), and one who publishes again may have kept the event where they lost it. It takes
 * steps, because a publisher decides how long the texts are.
 */
export function* sameJson(a: string, b: string): Generator<void, boolean, void> {
  if (a === b) return true;
  // The same members in another order are as long.
  if (a.length !== b.length) return false;
  const one = yield* digestOf(a);
  const other = yield* digestOf(b);
  return one.low === other.low && one.high === other.high;
}

/** Two numbers of 32 bits. Texts that differ have the same ones once in 2^64. */
interface Digest {
  low: number;
  high: number;
}

/** An object that is open. */
interface OpenObject {
  /** The digest of all before its members. */
  readonly before: Digest;
  /** The sum of its members' digests, which is the same in any order. */
  readonly members: Digest;
}

// Random, so that no publisher knows two texts with the same digest.
const [LOW = 0, HIGH = 0] = crypto.getRandomValues(new Uint32Array(2));

/** The digest of a JSON text, whatever the order of members. */
function* digestOf(json: string): Generator<void, Digest, void> {
  /** Undefined stands for an array. */
  const open: (OpenObject | undefined)[] = [];
  let low = LOW;
  let high = HIGH;
  let isString = false;
  const add = (value: number): void => {
    low = mixed(low ^ value);
    high = mixed(high ^ value);
  };
  const endMember = ({ members }: OpenObject): void => {
    members.low = (members.low + mixed(low)) | 0;
    members.high = (members.high + mixed(high)) | 0;
    low = LOW;
    high = HIGH;
  };
  let stepEnd = STEP_LENGTH;
  for (let i = 0; i < json.length; i++) {
    if (i >= stepEnd) {
      yield;
      stepEnd = i + STEP_LENGTH;
    }
    const code = json.charCodeAt(i);
    if (isString) {
      add(code);
      if (code === BACKSLASH) add(json.charCodeAt(++i));
      else isString = code !== QUOTE;
      continue;
    }
    const inner = open.at(-1);
    if (inner && code === COMMA) {
      endMember(inner);
      continue;
    }
    if (inner && code === CLOSE_OBJECT) {
      endMember(inner);
      ({ low, high } = inner.before);
      add(inner.members.low);
      add(inner.members.high);
    }
    add(code);
    if (code === QUOTE) isString = true;
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) open.pop();
    else if (code === OPEN_ARRAY) open.push(undefined);
    else if (code === OPEN_OBJECT) {
      open.push({ before: { low, high }, members: { low: 0, high: 0 } });
      low = LOW;
      high = HIGH;
    }
  }
  return { low, high };
}

/** The bits of a number, each of which depends on many others. */
function mixed(bits: number): number {
  const product = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  return product ^ (product >>> 13);
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
