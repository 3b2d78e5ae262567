import { Automaton, type Expression, literal, optional, type Ranges, repeated } from "./automaton.ts";
import { PatternError } from "./expression-parser.ts";

/** A URI template (RFC 6570), which matches what it could expand to. */
export interface UriTemplate {
  /** What all texts that it matches begin with. */
  readonly prefix: string;
  /** Words that all these texts have. */
  readonly words: readonly string[];
  /** The most steps that are alive at once. */
  readonly width: number;
  test(text: string): boolean;
}

const set = (characters: string): Ranges =>
  Array.from(characters).flatMap((one) => [one.charCodeAt(0), one.charCodeAt(0)]);
const HEX: Expression = { set: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66] };
const ENCODED: Expression = { all: [literal("%"), HEX, HEX] };
const UNRESERVED: Ranges = [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a, ...set("-._~")];
/** A value, or several in a list (section 3.2.1). */
const VALUE = repeated({ any: [{ set: [...UNRESERVED, ...set(",")] }, ENCODED] }, 0);
/** Section 3.2.3: reserved characters stay as they are. */
const RESERVED_VALUE = repeated(
  { any: [{ set: [...UNRESERVED, ...set(":/?#[]@!$&'()*+,;=")] }, ENCODED] },
  0,
);
const KEY = repeated({ any: [{ set: UNRESERVED }, ENCODED] }, 1);
const EXPRESSION = /^([+#./;?&]?)([A-Za-z0-9_.%]+(?::\d{1,4}|\*)?(?:,[A-Za-z0-9_.%]+(?::\d{1,4}|\*)?)*)$/;

/** Whether a text has expressions, so that it is more than a name. */
export function isTemplate(text: string): boolean {
  return text.includes("{");
}

/** @throws PatternError; TooComplex */
export function parseTemplate(text: string): UriTemplate {
  const all: Expression[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("{", at);
    const end = open < 0 ? text.length : open;
    const fixed = text.slice(at, end);
    if (fixed.includes("}")) throw new PatternError("a brace is closed that was not opened");
    all.push(literal(fixed));
    if (open < 0) break;
    const close = text.indexOf("}", open);
    const [, operator = "", names = ""] = EXPRESSION.exec(text.slice(open + 1, close)) ?? [];
    if (close < 0 || names === "") throw new PatternError("it is no URI template");
    all.push(expansionOf(operator, names.split(",")));
    at = close + 1;
  }
  const automaton = new Automaton({ all });
  const { prefix, words, width } = automaton;
  return { prefix, words, width, test: (topic) => automaton.test(topic) };
}

/** What an expression can expand to: section 3.2. */
function expansionOf(operator: string, names: readonly string[]): Expression {
  switch (operator) {
    case "+":
      return RESERVED_VALUE;
    case "#":
      return optional({ all: [literal("#"), RESERVED_VALUE] });
    case ".":
    case "/":
      return prefixed(operator, names, () => VALUE);
    case ";":
      return prefixed(operator, names, (name) =>
        name === undefined ? pair(KEY) : { all: [literal(name), optional({ all: [literal("="), VALUE] })] },
      );
    case "?":
    case "&":
      return form(operator, names);
    default:
      return VALUE;
  }
}

/** Each value with a prefix of its own; any may be lacking, and one of a list may come again. */
function prefixed(
  operator: string,
  names: readonly string[],
  written: (name: string | undefined) => Expression,
): Expression {
  return {
    all: names.map((name) => {
      const isList = name.endsWith("*");
      const one: Expression = { all: [literal(operator), written(isList ? undefined : nameOf(name))] };
      return repeated(one, 0, isList ? undefined : 1);
    }),
  };
}

/** Pairs with `?` or `&` before the first and `&` before the others, in the order of the names. */
function form(operator: string, names: readonly string[]): Expression {
  const pairs = names.map((name) => (name.endsWith("*") ? list(pair(KEY)) : pair(literal(nameOf(name)))));
  const ways = pairs.map((first, i): Expression => {
    const others = pairs.slice(i + 1).map((other) => optional({ all: [literal("&"), other] }));
    return { all: [first, ...others] };
  });
  return optional({ all: [literal(operator), { any: ways }] });
}

function pair(key: Expression): Expression {
  return { all: [key, literal("="), VALUE] };
}

function list(one: Expression): Expression {
  return { all: [one, repeated({ all: [literal("&"), one] }, 0)] };
}

function nameOf(name: string): string {
  return name.replace(/[:*].*$/, "");
}
