/** One piece of formatted JSON, and what it is. */
export interface JsonToken {
  readonly kind: "key" | "string" | "number" | "literal" | "punctuation" | "space";
  readonly text: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g;
const INDENT = "  ";

/**
 * JSON text, indented and taken apart for colouring. The text itself is kept, not what a parser makes
 * of it: numbers that JavaScript can't hold stay as they were sent.
 */
export function jsonTokens(json: string): JsonToken[] {
  const found = json.match(TOKEN) ?? [];
  const tokens: JsonToken[] = [];
  let depth = 0;
  const breakLine = () => tokens.push({ kind: "space", text: `\n${INDENT.repeat(depth)}` });
  found.forEach((text, i) => {
    const next = found[i + 1];
    switch (text) {
      case "{":
      case "[":
        tokens.push({ kind: "punctuation", text });
        depth++;
        if (next !== "}" && next !== "]") breakLine();
        break;
      case "}":
      case "]": {
        depth = Math.max(0, depth - 1);
        const before = found[i - 1];
        if (before !== "{" && before !== "[") breakLine();
        tokens.push({ kind: "punctuation", text });
        break;
      }
      case ",":
        tokens.push({ kind: "punctuation", text });
        breakLine();
        break;
      case ":":
        tokens.push({ kind: "punctuation", text: ": " });
        break;
      default:
        tokens.push({ kind: kindOf(text, next), text });
    }
  });
  return tokens;
}

function kindOf(text: string, next: string | undefined): JsonToken["kind"] {
  if (text.startsWith('"')) return next === ":" ? "key" : "string";
  return /^[-\d]/.test(text) ? "number" : "literal";
}
