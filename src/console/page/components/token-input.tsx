import { useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface TokenInputProps {
  readonly id: string;
  readonly values: readonly string[];
  readonly onChange: (values: readonly string[]) => void;
  readonly placeholder: string;
  readonly suggestions?: readonly string[];
  /** What one of them is called. */
  readonly what: string;
}

/** A list of names: Enter or leaving the field adds one. */
export function TokenInput({ id, values, onChange, placeholder, suggestions = [], what }: TokenInputProps) {
  const [text, setText] = useState("");
  const add = () => {
    const value = text.trim();
    if (value !== "" && !values.includes(value)) onChange([...values, value]);
    setText("");
  };
  return (
    <div class="tokens input">
      {values.map((value) => (
        <span key={value} class="chip accent">
          <span class="truncate">{value}</span>
          <button
            type="button"
            aria-label={`Remove ${what} ${value}`}
            onClick={() => onChange(values.filter((other) => other !== value))}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      <input
        id={id}
        list={`${id}-list`}
        placeholder={values.length === 0 ? placeholder : ""}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onBlur={add}
        onKeyDown={(event) => {
          if (event.key === "Enter" && text.trim() !== "") {
            event.preventDefault();
            add();
          } else if (event.key === "Backspace" && text === "") {
            onChange(values.slice(0, -1));
          }
        }}
      />
      <datalist id={`${id}-list`}>
        {suggestions
          .filter((suggestion) => !values.includes(suggestion))
          .map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
      </datalist>
    </div>
  );
}
