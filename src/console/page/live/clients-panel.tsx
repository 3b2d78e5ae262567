import { useState } from "preact/hooks";
import { useNow } from "../components/connection-lamp.tsx";
import { Icon } from "../components/icon.tsx";
import { MoreButton } from "../components/more-button.tsx";
import { hubOffset } from "../data/hub.ts";
import * as format from "../format.ts";
import { type ClientInfo, clientList, loadClients, removeClient } from "./clients.ts";
import { useRefresh } from "./refresh.ts";

/** How often the list is asked for, in ms. */
const REFRESH_INTERVAL_MS = 2000;
/** How many are listed until more are asked for. */
const FIRST_COUNT = 10;

/** Who is connected, what they listen to and how far they are behind. */
export function ClientsPanel() {
  const [shown, setShown] = useState(FIRST_COUNT);
  const { clients, total } = clientList.value;
  const now = useNow() + hubOffset.value;

  useRefresh(loadClients, REFRESH_INTERVAL_MS);

  return (
    <section class="panel clients" aria-label="Clients">
      <header class="panel-head">
        <h2>
          Clients <span class="count">{format.count(total)}</span>
        </h2>
      </header>
      {clients.length === 0 ? (
        <p class="empty">
          Nobody listens. <a href="#subscribe">Try a subscription</a>, or run <code>tidings listen</code>
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it
        <section class="table-box ages" tabIndex={0} aria-label="Connected clients">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">Listens to</th>
                <th scope="col">Types</th>
                <th scope="col" class="numeric">
                  Behind
                </th>
                <th scope="col" class="numeric">
                  Connected
                </th>
                <th scope="col">
                  <span class="visually-hidden">Remove</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {clients.slice(0, shown).map((client) => (
                <ClientRow key={client.id} client={client} now={now} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <MoreButton count={clients.length} shown={shown} onMore={() => setShown(shown * 4)} />
    </section>
  );
}

/** `now` is by the hub's clock. */
function ClientRow({ client, now }: { client: ClientInfo; now: number }) {
  const { id, address, subject, topics, types, connected_at, lag } = client;
  const age = Math.max(0, now - Date.parse(connected_at)) / 1000;
  return (
    <tr>
      <td>
        <span class="mono">{id.slice(0, 8)}</span>{" "}
        <span class="muted">{format.visible(subject ?? address ?? "")}</span>
      </td>
      <td>
        <Names names={topics} none="every topic" />
      </td>
      <td>
        <Names names={types} none="every type" />
      </td>
      <td class="numeric">{lag > 0 ? <span class="chip warn">{format.count(lag)}</span> : "0"}</td>
      <td class="numeric">{format.duration(age)}</td>
      <td class="numeric">
        <button
          type="button"
          class="button quiet danger"
          aria-label={`Remove client ${id.slice(0, 8)}`}
          onClick={() => void removeClient(id)}
        >
          <Icon name="close" />
          <span class="remove-word">Remove</span>
        </button>
      </td>
    </tr>
  );
}

function Names({ names, none }: { names: readonly string[]; none: string }) {
  if (names.length === 0) return <span class="muted">{none}</span>;
  return (
    <span class="names">
      {names.map((name) => (
        <span key={name} class="chip">
          <span class="truncate">{format.visible(name)}</span>
        </span>
      ))}
    </span>
  );
}
