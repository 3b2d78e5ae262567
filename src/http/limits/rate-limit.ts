/** Forgets those who have not spent anything for long, when there are as many as this. */
const SWEEP_AT = 1000;

export interface RateLimitOptions {
  /** Milliseconds, on a clock that never jumps. */
  readonly now?: () => number;
  /**
   * Shares it with others: is given what charges an account for what was spent elsewhere, and returns
   * what tells them of what is spent here.
   */
  readonly share?: (charge: Spend) => Spend;
}

type Spend = (key: string, amount: number) => void;

interface Account {
  /** What it may still spend. */
  balance: number;
  /** When that was so, in ms. */
  at: number;
}

/** So many a second for each key, and a second's share at once after a rest. */
export class RateLimit {
  readonly perSecond: number;
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;
  readonly #tell: Spend;
  #sweepAt = SWEEP_AT;

  constructor(
    perSecond: number,
    { now = () => performance.now(), share = () => () => {} }: RateLimitOptions = {},
  ) {
    this.perSecond = perSecond;
    this.#now = now;
    this.#tell = share((key, amount) => this.#charge(key, amount));
  }

  /**
   * Spends so many and returns 0, or spends nothing and returns in how many seconds to try again:
   * never, for more than {@link most}.
   */
  take(key: string, amount = 1): number {
    const account = this.#account(key);
    if (account.balance < amount) return (amount - account.balance) / this.perSecond;
    account.balance -= amount;
    this.#tell(key, amount);
    return 0;
  }

  /** How many keys it remembers. */
  get size(): number {
    return this.#accounts.size;
  }

  /** How many can be spent at once after a rest. */
  get most(): number {
    return Math.max(1, this.perSecond);
  }

  /** It was spent elsewhere already, so it may be more than there is: a second's share at most is owed. */
  #charge(key: string, amount: number): void {
    const account = this.#account(key);
    account.balance = Math.max(-this.most, account.balance - amount);
  }

  /** As it stands now. */
  #account(key: string): Account {
    const now = this.#now();
    const account = this.#accounts.get(key) ?? this.#open(key, now);
    account.balance = this.#balance(account, now);
    account.at = now;
    return account;
  }

  #balance({ balance, at }: Account, now: number): number {
    return Math.min(this.most, balance + ((now - at) / 1000) * this.perSecond);
  }

  #open(key: string, now: number): Account {
    if (this.#accounts.size >= this.#sweepAt) this.#sweep(now);
    const account = { balance: this.most, at: now };
    this.#accounts.set(key, account);
    return account;
  }

  /** Whoever could spend all there is stands as if new. */
  #sweep(now: number): void {
    for (const [key, account] of this.#accounts) {
      if (this.#balance(account, now) >= this.most) this.#accounts.delete(key);
    }
    // Doubling keeps a crowd that spends on from being searched at every newcomer.
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#accounts.size);
  }
}
