import type { Status } from "../../../protocol/status.ts";
import { tick } from "../data/hub.ts";
import * as format from "../format.ts";

type Node = NonNullable<Status["nodes"]>[number];

/** How the nodes of a hub that has several are, and who does not answer. */
export function NodesPanel() {
  const { nodes, silent = [] } = tick.value?.status ?? {};
  if (!nodes) return null;
  const isMixed = new Set(nodes.map(({ version }) => version)).size > 1;
  return (
    <section class="panel nodes" aria-label="Nodes">
      <header class="panel-head">
        <h2>
          Nodes <span class="count">{format.count(nodes.length + silent.length)}</span>
        </h2>
        {isMixed && <span class="chip note push">several versions</span>}
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so a keyboard must reach it */}
      <section class="table-box ages" tabIndex={0} aria-label="Nodes of the hub">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">State</th>
              <th scope="col" class="numeric">
                Life
              </th>
              <th scope="col" class="numeric">
                Clients
              </th>
              <th scope="col" class="numeric">
                Behind
              </th>
              <th scope="col" class="numeric">
                Memory
              </th>
              <th scope="col">Version</th>
              <th scope="col" class="numeric">
                Runs for
              </th>
            </tr>
          </thead>
          <tbody>
            {silent.map((name) => (
              <tr key={name}>
                <td class="mono">{name}</td>
                <td colSpan={7}>
                  <span class="chip bad">no answer</span>
                </td>
              </tr>
            ))}
            {nodes.map((node) => (
              <NodeRow key={node.name} node={node} />
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function NodeRow({ node }: { readonly node: Node }) {
  const { name, pid, state, life, version, connected_clients, memory, lag, uptime_seconds } = node;
  return (
    <tr title={`process ${pid}`}>
      <td class="mono">{name}</td>
      <td>{state === "active" ? state : <span class="chip warn">{state}</span>}</td>
      <td class="numeric">{life ?? <span class="muted">–</span>}</td>
      <td class="numeric">{format.count(connected_clients)}</td>
      <td class="numeric">{lag > 0 ? <span class="chip warn">{format.count(lag)}</span> : "0"}</td>
      <td class="numeric">{format.bytes(memory).join(" ")}</td>
      <td>{version}</td>
      <td class="numeric">{format.duration(uptime_seconds)}</td>
    </tr>
  );
}
