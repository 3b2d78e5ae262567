import { useState } from "preact/hooks";

interface JsonFieldProps {
  readonly id: string;
  readonly value: unknown;
  /** Undefined while the field is empty. */
  readonly onChange: (value: unknown) => void;
  readonly rows?: number;
}

/** JSON as text. What is not JSON yet stays in the field, and is not published. */
export function JsonField({ id, value, onChange, rows = 3, ...rest }: JsonFieldProps) {
  const [text, setText] = useState(() => write(value));
  const [wrong, setWrong] = useState<string>();
  return (
    <>
      <textarea
        {...rest}
        id={id}
        class="input mono"
        rows={rows}
        spellcheck={false}
        placeholder="JSON"
        value={text}
        aria-invalid={wrong !== undefined}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          try {
            onChange(currentTarget.value.trim() === "" ? undefined : JSON.parse(currentTarget.value));
            setWrong(undefined);
          } catch (error) {
            setWrong(error instanceof Error ? error.message : String(error));
          }
        }}
      />
      {wrong && <p class="field-error">{wrong}</p>}
    </>
  );
}

function write(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}
