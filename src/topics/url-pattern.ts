import { Automaton, type Expression, literal, repeated } from "./automaton.ts";
import { PatternError, parseExpression, without } from "./expression-parser.ts";

/** What ends a part of a URL in its key. No part of a parsed URL holds it. */
const END = "\n";
const SPECIAL = ["ftp", "file", "http", "https", "ws", "wss"];

/** Where a group ends without a `*` or an expression, and what belongs to the group before it. */
interface Rules {
  readonly delimiter: string;
  readonly prefix: string;
}

const PLAIN: Rules = { delimiter: "", prefix: "" };
const HOSTNAME: Rules = { delimiter: ".", prefix: "" };
const PATHNAME: Rules = { delimiter: "/", prefix: "/" };

/** A URL pattern (WHATWG), which matches URLs by their keys. */
export interface UrlPattern {
  /** What the keys of all URLs that it matches begin with. */
  readonly prefix: string;
  /** Words that all these keys have. */
  readonly words: readonly string[];
  /** The most steps that are alive at once. */
  readonly width: number;
  /** Whether it matches the URL of this key. */
  test(key: string): boolean;
}

/**
 * A URL that is canonical as it stands, like most topics: with a name in lower case as its host, without port
 * and user, and with no dots in its path that lead elsewhere, nor anything to encode.
 */
const PLAIN_URL =
  /^(https?):\/\/((?:[a-z0-9]+\.)*[a-z][a-z]*)((?:\/(?!\.)[\w.~!$&'()*+,;=:@-]*)+)(?:\?([\w.~!$&()*+,;=:@/?-]*))?$/;

/** The parts of a topic that is a URL, one after the other; undefined when it is none. */
export function urlKey(topic: string, base: string): string | undefined {
  // A parser takes ten times as long.
  const [, scheme, host, path, query = ""] = PLAIN_URL.exec(topic) ?? [];
  if (scheme !== undefined) return `${scheme}\n${host}\n\n${path}\n${query}\n\n\n\n`;
  const url = URL.parse(topic, base);
  if (!url) return undefined;
  const { protocol, hostname, port, pathname, search, hash, username, password } = url;
  const parts = [
    protocol.slice(0, -1),
    hostname,
    port,
    pathname,
    search.slice(1),
    hash.slice(1),
    username,
    password,
  ];
  return parts.join(END) + END;
}

/**
 * Reads a URL pattern, absolute or relative to the base. The runtime's own `URLPattern` parses it and makes
 * its parts canonical, and never matches: its time has no bound.
 *
 * @throws PatternError; TooComplex
 */
export function parseUrlPattern(text: string, base: string): UrlPattern {
  let native: URLPattern;
  try {
    native = new URLPattern(text, base);
  } catch (cause) {
    throw new PatternError("it is no URL pattern", { cause });
  }
  const protocol = partOf(native.protocol, PLAIN);
  const isScheme = new Automaton(protocol);
  const path = SPECIAL.some((scheme) => isScheme.test(scheme)) ? PATHNAME : PLAIN;
  const parts = [
    protocol,
    partOf(native.hostname, HOSTNAME),
    partOf(native.port, PLAIN),
    partOf(native.pathname, path),
    partOf(native.search, PLAIN),
    partOf(native.hash, PLAIN),
    partOf(native.username, PLAIN),
    partOf(native.password, PLAIN),
  ];
  const automaton = new Automaton({ all: parts.flatMap((part) => [part, literal(END)]) });
  const { prefix, words, width } = automaton;
  return { prefix, words, width, test: (key) => automaton.test(key) };
}

function partOf(pattern: string, rules: Rules): Expression {
  return withinPart(new PartParser(tokensOf(pattern), rules).parse());
}

/** The expression without the end of a part: a set of all characters but some would hold it. */
function withinPart(expression: Expression): Expression {
  if ("set" in expression) {
    const end = END.charCodeAt(0);
    const { set } = expression;
    const holdsEnd = set.some((first, i) => i % 2 === 0 && first <= end && (set[i + 1] as number) >= end);
    return holdsEnd ? { set: without([...without(set), end, end]) } : expression;
  }
  if ("all" in expression) return { all: expression.all.map(withinPart) };
  if ("any" in expression) return { any: expression.any.map(withinPart) };
  return { ...expression, repeat: withinPart(expression.repeat) };
}

type TokenKind = "char" | "escaped" | "name" | "regexp" | "*" | "modifier" | "{" | "}";
interface Token {
  readonly kind: TokenKind;
  readonly value: string;
}

/** URL Pattern, section 2.1, "Tokenize a pattern string". */
function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const name = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
  let at = 0;
  const add = (kind: TokenKind, value: string, length: number) => {
    tokens.push({ kind, value });
    at += length;
  };
  while (at < pattern.length) {
    const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    name.lastIndex = at + 1;
    if (character === "*") add("*", character, 1);
    else if (character === "+" || character === "?") add("modifier", character, 1);
    else if (character === "{" || character === "}") add(character, character, 1);
    else if (character === "\\" && at + 1 < pattern.length) {
      const next = String.fromCodePoint(pattern.codePointAt(at + 1) ?? 0);
      add("escaped", next, 1 + next.length);
    } else if (character === ":" && name.test(pattern)) {
      add("name", pattern.slice(at + 1, name.lastIndex), name.lastIndex - at);
    } else if (character === "(") {
      const end = endOfExpression(pattern, at);
      add("regexp", pattern.slice(at + 1, end), end + 1 - at);
    } else add("char", character, character.length);
  }
  return tokens;
}

/** Where the parenthesis closes that opens here. */
function endOfExpression(pattern: string, open: number): number {
  let depth = 0;
  for (let at = open; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at;
  }
  throw new PatternError("a parenthesis is not closed");
}

/** URL Pattern, section 2.1.6, "Parse a pattern string", with an expression in place of the list of parts. */
class PartParser {
  readonly #tokens: readonly Token[];
  readonly #rules: Rules;
  readonly #all: Expression[] = [];
  #at = 0;

  constructor(tokens: readonly Token[], rules: Rules) {
    this.#tokens = tokens;
    this.#rules = rules;
  }

  parse(): Expression {
    while (this.#at < this.#tokens.length) {
      const character = this.#take("char");
      const matching = this.#matching();
      if (matching) {
        const own = character === this.#rules.prefix ? character : "";
        if (character !== undefined && own === "") this.#all.push(literal(character));
        this.#add([literal(own), matching]);
        continue;
      }
      const fixed = character ?? this.#take("escaped");
      if (fixed !== undefined) this.#all.push(literal(fixed));
      else if (this.#take("{") !== undefined) this.#group();
      else throw new PatternError("it is no URL pattern");
    }
    return { all: this.#all };
  }

  #group(): void {
    const before = this.#text();
    const matching = this.#matching();
    const after = this.#text();
    if (this.#take("}") === undefined) throw new PatternError("a brace is not closed");
    this.#add([literal(before), ...(matching ? [matching] : []), literal(after)]);
  }

  /** Adds what may be followed by `?`, `+` or `*`. */
  #add(all: readonly Expression[]): void {
    const modifier = this.#take("modifier") ?? this.#take("*");
    const one: Expression = { all };
    if (modifier === undefined) this.#all.push(one);
    else this.#all.push(repeated(one, modifier === "+" ? 1 : 0, modifier === "?" ? 1 : undefined));
  }

  /** A name, with or without an expression, an expression, or `*`. */
  #matching(): Expression | undefined {
    const name = this.#take("name");
    const expression = this.#take("regexp");
    if (expression !== undefined) return parseExpression(expression);
    if (name !== undefined) {
      const { delimiter } = this.#rules;
      const code = delimiter.charCodeAt(0);
      return repeated({ set: delimiter === "" ? without([]) : without([code, code]) }, 1);
    }
    return this.#take("*") === undefined ? undefined : repeated({ set: without([]) }, 0);
  }

  #text(): string {
    let text = "";
    for (;;) {
      const next = this.#take("char") ?? this.#take("escaped");
      if (next === undefined) return text;
      text += next;
    }
  }

  #take(kind: TokenKind): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind) return undefined;
    this.#at++;
    return token.value;
  }
}
