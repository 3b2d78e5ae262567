import type { Page } from "playwright-core";
import { browserless, openPage } from "../browser.ts";
import { until } from "../until.ts";

/** Who looks at the hub of a document, and at its web page, between two commands. */
export class Visitor {
  readonly #at: (text: string) => string;
  #page: Page | undefined;

  /** `at` translates an address of the document to the one that is used. */
  constructor(at: (text: string) => string) {
    this.#at = at;
  }

  /** Waits until the hub answers there with a status below 300. */
  async answers(path: string): Promise<Response> {
    return until(async () => {
      const response = await fetch(this.#at("http://127.0.0.1:3000") + path).catch(() => undefined);
      return response?.ok ? response : undefined;
    });
  }

  /** Waits for a program to answer anything there. */
  async listens(url: string): Promise<void> {
    await until(() => fetch(this.#at(url)).catch(() => undefined));
  }

  /** How many clients the hub has; undefined while none answers there. */
  async clients(url = "http://127.0.0.1:3000"): Promise<number | undefined> {
    const response = await fetch(`${this.#at(url)}/status`).catch(() => undefined);
    if (!response?.ok) return undefined;
    return ((await response.json()) as { connected_clients: number }).connected_clients;
  }

  async hasClients(count: number): Promise<void> {
    const clients = async () => {
      const status = (await (await this.answers("/status")).json()) as { connected_clients: number };
      return status.connected_clients;
    };
    await until(async () => (await clients()) >= count);
  }

  /** Opens a page; nothing without a browser. */
  async opens(url: string): Promise<void> {
    if (browserless) return;
    this.#page = await openPage(this.#at(url));
    await this.hasClients(1);
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.#page?.getByText(text).first().waitFor();
  }
}
