import type { Append, BlockContent, EngineBounds, Hello, NodeSeq, PutBack, Rewrite } from "./engine.ts";
import type { LifeChain } from "./life-chain.ts";

/** No bound, as a number that Lua reads. */
const HUGE = "1e15";
/** The key of no topic. */
const NO_TOPIC = "-";

export function helloArguments(hello: Hello): string[] {
  const { node, newWord, lives, head, low, replid, seqs, insists } = hello;
  const known = [node, newWord, livesText(lives), `${head}`, `${low}`, replid, seqsText(seqs)];
  return [...known, insists ? "1" : "0"];
}

/** What looks up whether the log has some of an append's names. */
export function lookUpArguments({ node, seq, word }: Append, names: readonly string[]): string[] {
  const topicsOf = (name: string) => name.slice(idOf(name).length + 1);
  return [node, `${seq}`, word, ...names.map(idOf), ...names.map(topicsOf)];
}

/** @param lookedUp the position up to which the log has none of its names; undefined: that is not known. */
export function appendArguments(append: Append, bounds: EngineBounds, lookedUp?: number): string[] {
  const { node, seq, word, head, blocks, ends } = append;
  return [
    ...[node, `${seq}`, word, `${ends?.upTo ?? head}`, ...boundsArguments(bounds)],
    ...[ends?.topics ?? NO_TOPIC, `${blocks.length}`, `${lookedUp ?? ""}`],
    ...blocks.flatMap(contentArguments),
    ...(lookedUp === undefined ? [] : idsArguments(blocks)),
  ];
}

/** For an append of one block, which erases an event. */
export function eraseArguments(append: Append, rewrite: Rewrite, bounds: EngineBounds): string[] {
  const { node, seq, word, head, blocks } = append;
  return [
    ...[node, `${seq}`, word, `${head}`, ...boundsArguments(bounds)],
    ...blocks.flatMap(contentArguments),
    ...rewriteArguments(rewrite),
  ];
}

export function putBackArguments({ node, newWord, blocks, rewrite }: PutBack): string[] {
  const args = blocks.flatMap((block) => [
    ...contentArguments(block),
    ...[block.word, `${block.keptAt}`, block.node, `${block.seq}`, `${block.unitFirst}`, `${block.unitLast}`],
  ]);
  return [node, newWord, ...args, ...(rewrite ? rewriteArguments(rewrite) : [])];
}

function rewriteArguments({ of, current, text }: Rewrite): string[] {
  return [of, current, text];
}

function contentArguments({ count, size, names, current, text }: BlockContent): string[] {
  return [`${count}`, `${size}`, names, current, text];
}

/** All ids of the blocks, by the characters that they begin with: so the script soon finds one of them. */
function idsArguments(blocks: readonly BlockContent[]): string[] {
  const ids = Map.groupBy(blocks.flatMap(namesOf).map(idOf), (id) => id.charAt(0));
  return [...ids].flatMap(([first, some]) => [first, some.join(" ")]);
}

/** The names of a block's events. */
export function namesOf({ names }: BlockContent): string[] {
  return names === "" ? [] : names.split(" ").map((name) => name.slice(0, name.indexOf(":")));
}

function idOf(name: string): string {
  return name.split(".", 1)[0] ?? "";
}

export function boundsArguments({
  events,
  bytes,
  age,
  spare,
  values,
  valueBytes,
  ends,
}: EngineBounds): string[] {
  const texts = [events, bytes, age].map((bound) => (Number.isFinite(bound) ? `${bound}` : ""));
  const ofValues = [values, valueBytes, ends].map((bound) => (Number.isFinite(bound) ? `${bound}` : HUGE));
  return [texts[0] || HUGE, texts[1] || HUGE, texts[2] ?? "", `${spare}`, ...ofValues];
}

function livesText(lives: LifeChain): string {
  return lives.map(({ number, word, first }) => `${number} ${word} ${first}`).join(";");
}

function seqsText(seqs: readonly NodeSeq[]): string {
  return seqs.map(({ node, seq, last }) => `${node} ${seq} ${last}`).join(";");
}
