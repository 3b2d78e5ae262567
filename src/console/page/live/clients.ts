import { signal } from "@preact/signals";
import { hubRoute } from "../hub-url.ts";

/** A client as `GET /clients` lists it. */
export interface ClientInfo {
  readonly id: string;
  readonly address: string | null;
  readonly subject: string | null;
  readonly topics: readonly string[];
  readonly types: readonly string[];
  /** RFC 3339. */
  readonly connected_at: string;
  /** How many events it is behind by. */
  readonly lag: number;
}

export interface ClientList {
  readonly clients: readonly ClientInfo[];
  readonly total: number;
}

export const clientList = signal<ClientList>({ clients: [], total: 0 });

/** Asks the hub who is connected. What is known stays when it does not answer; the page says that elsewhere. */
export async function loadClients(): Promise<void> {
  try {
    const answer = await fetch(hubRoute("clients"));
    // The hub that made this page made the answer too.
    if (answer.ok) clientList.value = (await answer.json()) as ClientList;
  } catch {
    // See above.
  }
}

/** Ends the client's stream. It may come back: browsers do. */
export async function removeClient(id: string): Promise<void> {
  try {
    await fetch(hubRoute(`clients/${encodeURIComponent(id)}`), { method: "DELETE" });
  } catch {
    // It is still listed, then.
  }
  await loadClients();
}
