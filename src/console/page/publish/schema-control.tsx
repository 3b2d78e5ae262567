import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { JsonField } from "./json-field.tsx";
import type { JsonSchema, Shape } from "./schema.ts";

/** The hub's reasons by JSON Pointer into the event. */
export const FieldErrors = createContext<ReadonlyMap<string, string>>(new Map());

/** The id of the field at a pointer. */
export function fieldId(path: string): string {
  return `field${path}`;
}

interface ControlProps {
  readonly shape: Shape;
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** JSON Pointer into the event. */
  readonly path: string;
  /** Undefined is left out of what is published. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** The control for a single value. */
export function Control({ shape, schema, required, path, value, onChange }: ControlProps) {
  const error = useContext(FieldErrors).get(path);
  const common = {
    id: fieldId(path),
    "aria-invalid": error !== undefined,
    "aria-describedby": `${fieldId(path)}:help`,
  };
  const example = schema.examples?.[0];
  switch (shape.kind) {
    case "constant":
      return <output {...common}>{JSON.stringify(shape.value)}</output>;
    case "choice":
      return (
        <select
          {...common}
          class="select"
          value={String(shape.values.indexOf(value))}
          onChange={({ currentTarget }) => onChange(shape.values[Number(currentTarget.value)])}
        >
          <option value="-1">{required ? "Choose…" : "None"}</option>
          {shape.values.map((option, i) => (
            <option key={String(option)} value={String(i)}>
              {String(option)}
            </option>
          ))}
        </select>
      );
    case "number":
      return (
        <WithNow now={shape.now} onChange={onChange}>
          <input
            {...common}
            class="input"
            type="number"
            inputMode={shape.whole ? "numeric" : "decimal"}
            step={shape.whole ? 1 : "any"}
            placeholder={example === undefined ? undefined : String(example)}
            value={typeof value === "number" ? value : ""}
            onInput={({ currentTarget }) =>
              onChange(currentTarget.value === "" ? undefined : Number(currentTarget.value))
            }
          />
        </WithNow>
      );
    case "boolean":
      return (
        <select
          {...common}
          class="select"
          value={value === undefined ? "" : String(value)}
          onChange={({ currentTarget }) =>
            onChange(currentTarget.value === "" ? undefined : currentTarget.value === "true")
          }
        >
          {!required && <option value="">None</option>}
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      );
    case "null":
      return <output {...common}>null</output>;
    case "text":
      return (
        <WithNow now={shape.now} onChange={onChange}>
          <textarea
            {...common}
            class="input one-line"
            rows={1}
            spellcheck={false}
            placeholder={example === undefined ? undefined : String(example)}
            value={typeof value === "string" ? value : ""}
            onInput={({ currentTarget }) =>
              onChange(currentTarget.value === "" && !required ? undefined : currentTarget.value)
            }
          />
        </WithNow>
      );
    default:
      return <JsonField {...common} value={value} onChange={onChange} />;
  }
}

/** A control, with a button beside it where it takes a time. */
function WithNow({
  now,
  onChange,
  children,
}: {
  now: (() => unknown) | undefined;
  onChange: (value: unknown) => void;
  children: ComponentChildren;
}) {
  return (
    <div class="form-row">
      {children}
      {now && (
        <button type="button" class="button" onClick={() => onChange(now())}>
          Now
        </button>
      )}
    </div>
  );
}
