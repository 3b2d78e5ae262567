/** Idle accounts are removed when there are at least this many accounts. */
const MIN_SWEEP_ACCOUNTS = 1000;

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
  /** The amount that it may still spend. */
  balance: number;
  /** The time of that balance, in ms. */
  at: number;
}

/** A rate limit for each key: an amount a second, and after a rest the amount of one second at once. */
export class RateLimit {
  readonly perSecond: number;
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;
  readonly #tell: Spend;
  #sweepAt = MIN_SWEEP_ACCOUNTS;

  constructor(
    perSecond: number,
    { now = () => performance.now(), share = () => () => {} }: RateLimitOptions = {},
  ) {
    this.perSecond = perSecond;
    this.#now = now;
    this.#tell = share((key, amount) => this.#charge(key, amount));
  }

  /**
   * Spends an amount, and returns 0. When the balance is too small, it spends nothing, and returns the seconds
   * until the next try. More than {@link most} can never be spent.
   */
  take(key: string, amount = 1): number {
    const account = this.#account(key);
    if (account.balance < amount) return (amount - account.balance) / this.perSecond;
    account.balance -= amount;
    this.#tell(key, amount);
    return 0;
  }

  /** The number of accounts. */
  get size(): number {
    return this.#accounts.size;
  }

  /** The most that can be spent at once after a rest. */
  get most(): number {
    return Math.max(1, this.perSecond);
  }

  /** It was spent elsewhere already, so it may be more than there is: a second's share at most is owed. */
  #charge(key: string, amount: number): void {
    const account = this.#account(key);
    account.balance = Math.max(-this.most, account.balance - amount);
  }

  /** The account with its present balance. */
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

  /** Removes accounts with a full balance: they are like new ones. */
  #sweep(now: number): void {
    for (const [key, account] of this.#accounts) {
      if (this.#balance(account, now) >= this.most) this.#accounts.delete(key);
    }
    // The bound doubles, so that busy accounts are not searched for each new one.
    this.#sweepAt = Math.max(MIN_SWEEP_ACCOUNTS, 2 * this.#accounts.size);
  }
}
