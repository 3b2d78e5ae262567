import { useState } from "preact/hooks";
import { CodePanel } from "../components/code-panel.tsx";
import { Icon } from "../components/icon.tsx";
import { builtinTypes } from "../data/catalog.ts";
import { tick } from "../data/hub.ts";
import { hubUrl } from "../hub-url.ts";
import { builtinExamples } from "../publish/builtin-examples.ts";
import { send } from "../publish/send.ts";
import { snippets } from "../publish/snippets.ts";

const titles = { machine: "Checkout", command: "Executable" };

/** What a dashboard without data says: what feeds it, and how to begin. */
export function StartPanel() {
  const [refused, setRefused] = useState("");
  const [busy, setBusy] = useState(false);
  const keyed = tick.value?.keyed ?? false;
  return (
    <section class="panel start" aria-label="Feed the dashboard">
      <div class="start-text">
        <h2>Nothing feeds this dashboard yet</h2>
        <p>
          It draws the six built-in types as they come: <code>health-update</code> as a ring,{" "}
          <code>notification</code> as a list, <code>widget-refresh</code> as a card, and so on.{" "}
          <a href="manual/types">The manual</a> says what each type has.
        </p>
        <p class="start-try">
          <button
            type="button"
            class="button primary"
            disabled={busy}
            onClick={() => {
              setBusy(true);
              void publishExamples().then((reason) => {
                setBusy(false);
                setRefused(reason);
              });
            }}
          >
            <Icon name="publish" />
            Publish an example of each
          </button>
        </p>
        <p class="field-error" role="status">
          {refused}
        </p>
      </div>
      <CodePanel
        label="Publish from a shell"
        id="start-code"
        titles={titles}
        textOf={(key) => (key === "machine" ? machineCommand(keyed) : currentCommand(keyed))}
      />
    </section>
  );
}

/** Why the hub does not take them; nothing when it does. */
async function publishExamples(): Promise<string> {
  for (const type of builtinTypes) {
    const outcome = await send({ type, data: builtinExamples[type]?.() });
    if (!outcome.ok) return outcome.reason;
  }
  return "";
}

/** The state of the machine that it runs on, every few seconds. */
function machineCommand(keyed: boolean): string {
  const url = hubUrl.replace(/\/$/, "");
  return [
    "# The state of your machine, every two seconds",
    `scripts/publish --url ${url}${keyed ? ' --token "$TIDINGS_TOKEN"' : ""}`,
  ].join("\n");
}

function currentCommand(keyed: boolean): string {
  const event = { type: "health-update", data: builtinExamples["health-update"]?.() };
  const command = snippets["cli"]?.(event, { isBuiltin: true, keyed }) ?? "";
  return `# Stays on the dashboards that are opened later\n${command} \\\n  --retain`;
}
