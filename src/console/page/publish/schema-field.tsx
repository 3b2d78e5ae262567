import type { ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import {
  initialValue,
  type JsonSchema,
  membersOf,
  nameOf,
  pointer,
  type Shape,
  shapeOf,
  variantOf,
} from "./schema.ts";
import { Control, FieldErrors, fieldId } from "./schema-control.tsx";

export interface FieldProps {
  readonly schema: JsonSchema;
  /** What it is called; undefined for the data itself and for the variants of a union. */
  readonly name?: string | undefined;
  readonly required: boolean;
  /** JSON Pointer into the event. */
  readonly path: string;
  /** Undefined is left out of what is published. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** A field, or a group of fields, for whatever a schema asks for. */
export function SchemaField(props: FieldProps) {
  const shape = shapeOf(props.schema);
  const { name, required, value, onChange } = props;
  switch (shape.kind) {
    case "object":
    case "record":
    case "array":
    case "tuple":
      if (!required && value === undefined) {
        return (
          <Labelled {...props} isGroup>
            <button
              type="button"
              class="button add"
              onClick={() => onChange(initialValue(props.schema) ?? {})}
            >
              <Icon name="plus" />
              Add {name}
            </button>
          </Labelled>
        );
      }
      return (
        <Group {...props}>
          <Members {...props} shape={shape} />
        </Group>
      );
    case "union":
      return <UnionField {...props} variants={shape.variants} />;
    default:
      return (
        <Labelled {...props}>
          <Control {...props} shape={shape} />
        </Labelled>
      );
  }
}

/** The fields within an object, a list or the like. */
function Members({ shape, path, value, onChange }: FieldProps & { shape: Shape }) {
  const members = membersOf(value) ?? {};
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const replace = (index: number, item: unknown) =>
    onChange(list.map((old, i) => (i === index ? (item ?? null) : old)));
  switch (shape.kind) {
    case "object":
      return (
        <>
          {shape.properties.map((property) => (
            <SchemaField
              key={property.name}
              {...property}
              path={pointer(path, property.name)}
              value={members[property.name]}
              onChange={(next) => onChange(withMember(members, property.name, next))}
            />
          ))}
        </>
      );
    case "record":
      return <RecordField schema={shape.values} path={path} value={members} onChange={onChange} />;
    case "tuple":
      return (
        <>
          {shape.items.map((schema, i) => (
            <SchemaField
              key={pointer(path, i)}
              schema={schema}
              name={String(i + 1)}
              required
              path={pointer(path, i)}
              value={list[i] ?? undefined}
              onChange={(next) => replace(i, next)}
            />
          ))}
        </>
      );
    case "array":
      return (
        <>
          {list.map((item, i) => (
            <div class="form-item" key={pointer(path, i)}>
              <SchemaField
                schema={shape.items}
                name={String(i + 1)}
                required
                path={pointer(path, i)}
                value={item ?? undefined}
                onChange={(next) => replace(i, next)}
              />
              <RemoveButton
                label={`Remove item ${i + 1}`}
                onClick={() => onChange(list.filter((_, at) => at !== i))}
              />
            </div>
          ))}
          <button
            type="button"
            class="button add"
            onClick={() => onChange([...list, initialValue(shape.items) ?? null])}
          >
            <Icon name="plus" />
            Add an item
          </button>
        </>
      );
    default:
      return null;
  }
}

/** An object whose names are the publisher's to choose. */
function RecordField({
  schema,
  path,
  value,
  onChange,
}: Pick<FieldProps, "schema" | "path" | "onChange"> & { value: Readonly<Record<string, unknown>> }) {
  const [name, setName] = useState("");
  const add = () => {
    if (name === "" || name in value) return;
    onChange({ ...value, [name]: initialValue(schema) ?? null });
    setName("");
  };
  return (
    <>
      {Object.entries(value).map(([key, member]) => (
        <div class="form-item" key={key}>
          <SchemaField
            schema={schema}
            name={key}
            required
            path={pointer(path, key)}
            value={member ?? undefined}
            onChange={(next) => onChange({ ...value, [key]: next ?? null })}
          />
          <RemoveButton label={`Remove ${key}`} onClick={() => onChange(withMember(value, key, undefined))} />
        </div>
      ))}
      <div class="form-add">
        <input
          class="input"
          aria-label="Name of a new member"
          placeholder="Name"
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
        <button type="button" class="button" disabled={name === "" || name in value} onClick={add}>
          <Icon name="plus" />
          Add
        </button>
      </div>
    </>
  );
}

/** One of several kinds of value: which one, then its own fields. */
function UnionField({ variants, ...props }: FieldProps & { variants: readonly JsonSchema[] }) {
  const { value, required, path, onChange } = props;
  const guess = value === undefined && !required ? -1 : variantOf(variants, value);
  const [chosen, setChosen] = useState(guess);
  const variant = variants[chosen];
  return (
    <Group {...props}>
      <select
        class="select"
        aria-label={`Kind of ${props.name ?? "data"}`}
        value={String(chosen)}
        onChange={({ currentTarget }) => {
          const index = Number(currentTarget.value);
          setChosen(index);
          const next = variants[index];
          onChange(next && initialValue(next));
        }}
      >
        {!required && <option value="-1">None</option>}
        {variants.map((option, i) => (
          <option key={pointer(path, i)} value={String(i)}>
            {nameOf(option)}
          </option>
        ))}
      </select>
      {variant && shapeOf(variant).kind !== "null" && shapeOf(variant).kind !== "constant" && (
        <SchemaField
          key={chosen}
          schema={variant}
          required
          path={path}
          value={value}
          onChange={onChange}
          name={undefined}
        />
      )}
    </Group>
  );
}

function Labelled({
  schema,
  name,
  required,
  path,
  isGroup = false,
  children,
}: FieldProps & { isGroup?: boolean; children: ComponentChildren }) {
  const label = (
    <>
      {name}
      {!required && <span class="optional">optional</span>}
    </>
  );
  return (
    <div class="field">
      {name !== undefined &&
        (isGroup ? (
          <span class="field-name">{label}</span>
        ) : (
          <label class="field-name" for={fieldId(path)}>
            {label}
          </label>
        ))}
      {children}
      <Help path={path} description={schema.description} />
    </div>
  );
}

function Group({
  schema,
  name,
  required,
  path,
  onChange,
  children,
}: FieldProps & { children: ComponentChildren }) {
  if (name === undefined) {
    return (
      <>
        {children}
        <Help path={path} description={undefined} />
      </>
    );
  }
  return (
    <fieldset class="group" id={fieldId(path)}>
      <legend class="field-name">
        {name}
        {!required && <span class="optional">optional</span>}
      </legend>
      {!required && <RemoveButton label={`Leave out ${name}`} onClick={() => onChange(undefined)} />}
      <Help path={path} description={schema.description} />
      {children}
    </fieldset>
  );
}

/** The hub's reason, if there is one; else what the schema says of the field. */
function Help({ path, description }: { path: string; description: string | undefined }) {
  const error = useContext(FieldErrors).get(path);
  return (
    <p id={`${fieldId(path)}:help`} class={error === undefined ? "field-help" : "field-error"}>
      {error ?? description}
    </p>
  );
}

function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button
      type="button"
      class="button quiet icon-only remove"
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon name="close" />
    </button>
  );
}

function withMember(members: Readonly<Record<string, unknown>>, name: string, value: unknown) {
  const { [name]: _, ...others } = members;
  return value === undefined ? others : { ...members, [name]: value };
}
