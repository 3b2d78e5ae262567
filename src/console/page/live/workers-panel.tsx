import { tick } from "../data/hub.ts";
import * as format from "../format.ts";

/** The processes of a hub that has several, and those that do not answer. */
export function WorkersPanel() {
  const { nodes, silent = [] } = tick.value?.status ?? {};
  if (!nodes) return null;
  return (
    <section class="panel" aria-label="Workers">
      <header class="panel-head">
        <h2>
          Workers <span class="count">{nodes.length}</span>
        </h2>
      </header>
      <div class="store ages">
        {silent.length > 0 && <p class="field-error">No answer from {silent.join(", ")}.</p>}
        <dl class="facts">
          {nodes.map(({ name, pid, version, connected_clients, memory, lag }) => (
            <div key={name} title={`process ${pid}, version ${version}`}>
              <dt>Worker {name}</dt>
              <dd>
                {format.count(connected_clients)} clients, {format.bytes(memory).join(" ")}
                {lag > 0 && `, ${format.count(lag)} events behind`}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}
