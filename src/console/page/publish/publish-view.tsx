import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { Tabs } from "../components/tabs.tsx";
import { TokenInput } from "../components/token-input.tsx";
import { builtinTypes, catalog, loadCatalog, ownTypes } from "../data/catalog.ts";
import { topicRates, typeRates } from "../data/rates.ts";
import * as format from "../format.ts";
import { begin, change, draft, draftNumber, fillIn, published } from "./draft.ts";
import { JsonField } from "./json-field.tsx";
import type { JsonSchema } from "./schema.ts";
import { FieldErrors, fieldId } from "./schema-control.tsx";
import { SchemaField } from "./schema-field.tsx";
import { type Outcome, send } from "./send.ts";
import { SnippetsPanel } from "./snippets-panel.tsx";

const NO_ERRORS: ReadonlyMap<string, string> = new Map();

/** Publishes an event from a form that its schema makes. */
export function PublishView() {
  const [outcome, setOutcome] = useState<Outcome>();
  const [sending, setSending] = useState(false);
  const errors = outcome && !outcome.ok ? outcome.errors : NO_ERRORS;

  useEffect(() => {
    void loadCatalog().then(() => {
      if (draft.peek().type !== "") return;
      const [first = Object.hasOwn(catalog.value, "notification") ? "notification" : ""] = ownTypes.value;
      begin(first);
    });
  }, []);

  // To the first field that the hub has something to say about, before the user goes elsewhere.
  useLayoutEffect(() => {
    for (const path of errors.keys()) {
      const field = document.getElementById(fieldId(path));
      if (!field) continue;
      field.focus();
      return;
    }
  }, [errors]);

  return (
    <>
      <h1 class="visually-hidden">Publish</h1>
      <div class="publish">
        <form
          class="panel"
          noValidate
          aria-label="Event"
          onSubmit={(event) => {
            event.preventDefault();
            setSending(true);
            void send(published.value)
              .then(setOutcome)
              .finally(() => setSending(false));
          }}
        >
          <FieldErrors.Provider value={errors}>
            <TypeField />
            <DataFields key={draftNumber.value} />
            <Addressing />
          </FieldErrors.Provider>
          <footer class="form-foot">
            <button type="submit" class="button primary" disabled={sending || draft.value.type === ""}>
              <Icon name="publish" />
              Publish
            </button>
            <Result outcome={outcome} />
          </footer>
        </form>
        <div class="publish-side">
          <SnippetsPanel />
        </div>
      </div>
    </>
  );
}

const OTHER = "\0";

function TypeField() {
  const { type } = draft.value;
  const known = Object.keys(catalog.value);
  const [isOther, setIsOther] = useState(false);
  const other = isOther || (type !== "" && !known.includes(type) && known.length > 0);
  const description = catalog.value[type]?.description;
  return (
    <div class="form-part">
      <div class="field">
        <label class="field-name" for="type">
          Type
        </label>
        <select
          id="type"
          class="select"
          value={other ? OTHER : type}
          onChange={({ currentTarget }) => {
            const isNew = currentTarget.value === OTHER;
            setIsOther(isNew);
            begin(isNew ? "" : currentTarget.value);
          }}
        >
          <TypeGroup label="Of this hub" names={ownTypes.value} />
          <TypeGroup label="Built in" names={builtinTypes.filter((name) => known.includes(name))} />
          <option value={OTHER}>Another type…</option>
        </select>
        <p class="field-help">{other ? "Not in the catalog: its data can be any JSON." : description}</p>
      </div>
      {other && (
        <div class="field">
          <label class="field-name" for={fieldId("/type")}>
            Name of the type
          </label>
          <input
            id={fieldId("/type")}
            class="input"
            list="other-types"
            spellcheck={false}
            value={type}
            onInput={({ currentTarget }) => change({ type: currentTarget.value })}
          />
          <datalist id="other-types">
            {typeRates.list.value.map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
      )}
    </div>
  );
}

function TypeGroup({ label, names }: { label: string; names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <optgroup label={label}>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}

function DataFields() {
  const { type, data } = draft.value;
  const schema: JsonSchema | undefined = catalog.value[type];
  const [mode, setMode] = useState("form");
  const asJson = mode === "json" || !schema;
  return (
    <div class="form-part">
      <header class="form-head">
        <h2>Data</h2>
        {schema && (
          <>
            <button type="button" class="button quiet push" onClick={fillIn}>
              Fill in an example
            </button>
            <Tabs
              label="Write the data as"
              panel="data"
              tabs={[
                { key: "form", title: "Form" },
                { key: "json", title: "JSON" },
              ]}
              current={mode}
              onChange={setMode}
            />
          </>
        )}
      </header>
      <div class="fields" id="data" {...(schema && { role: "tabpanel", "aria-labelledby": `data-${mode}` })}>
        {asJson ? (
          <div class="field">
            <label class="visually-hidden" for={fieldId("/data")}>
              Data as JSON
            </label>
            <JsonField
              id={fieldId("/data")}
              rows={8}
              value={data}
              onChange={(next) => change({ data: next })}
            />
          </div>
        ) : (
          <SchemaField
            schema={schema}
            required
            path="/data"
            value={data}
            onChange={(next) => change({ data: next })}
          />
        )}
      </div>
    </div>
  );
}

function Addressing() {
  const { topics, id, private: hidden } = draft.value;
  return (
    <div class="form-part">
      <div class="field">
        <label class="field-name" for={fieldId("/topics")}>
          Topics
        </label>
        <TokenInput
          id={fieldId("/topics")}
          what="topic"
          values={topics}
          placeholder="None: a broadcast"
          suggestions={topicRates.list.value.map(({ name }) => name)}
          onChange={(next) => change({ topics: next })}
        />
        <TopicsNotice topics={topics} />
      </div>
      <div class="field">
        <label class="field-name" for={fieldId("/id")}>
          Id<span class="optional">optional</span>
        </label>
        <input
          id={fieldId("/id")}
          class="input"
          spellcheck={false}
          placeholder="The hub gives one"
          value={id}
          onInput={({ currentTarget }) => change({ id: currentTarget.value })}
        />
        <p class="field-help">Makes publishing it again harmless</p>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={hidden}
          onChange={({ currentTarget }) => change({ private: currentTarget.checked })}
        />
        Private: only for readers who may read its topics
      </label>
    </div>
  );
}

/** What a publisher should know of the topics before the event is out. */
function TopicsNotice({ topics }: { topics: readonly string[] }) {
  const pattern = topics.find((topic) => topic.endsWith("*"));
  const text =
    pattern !== undefined
      ? `${pattern} is a pattern, for readers. Nothing can be published to it: name each topic.`
      : "Without a topic, everyone gets it, whatever topics they read.";
  return (
    <p class={pattern === undefined ? "field-help" : "field-help warn"} role="status">
      {(pattern !== undefined || topics.length === 0) && text}
    </p>
  );
}

function Result({ outcome }: { outcome: Outcome | undefined }) {
  return (
    <div class="result" role="status">
      {outcome?.ok && (
        <p class="good">
          {outcome.duplicate ? "The hub already had " : "Published "}
          <span class="mono">{outcome.id}</span>
          {outcome.duplicate
            ? "; nothing was sent."
            : ` to ${format.count(outcome.recipients)} ${outcome.recipients === 1 ? "client" : "clients"}.`}
        </p>
      )}
      {outcome && !outcome.ok && (
        <div class="bad">
          <p>{outcome.reason}</p>
          <ul>
            {[...outcome.errors]
              .filter(([path]) => !document.getElementById(fieldId(path)))
              .map(([path, message]) => (
                <li key={path}>
                  <code>{path || "/"}</code> {message}
                </li>
              ))}
          </ul>
        </div>
      )}
    </div>
  );
}
