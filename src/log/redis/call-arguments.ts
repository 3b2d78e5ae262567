import type { Append, BlockContent, EngineBounds, Hello, NodeSeq, PutBack, Rewrite } from "./engine.ts";
import type { LifeChain } from "./life-chain.ts";

/** No bound, as a number that Lua reads. */
const HUGE = "1e15";

export function helloArguments(hello: Hello): string[] {
  const { node, newWord, lives, head, low, replid, seqs, insists } = hello;
  const known = [node, newWord, livesText(lives), `${head}`, `${low}`, replid, seqsText(seqs)];
  return ["hello", ...known, insists ? "1" : "0"];
}

export function appendArguments(append: Append, bounds: EngineBounds): string[] {
  const { node, seq, word, blocks, ends, rewrite } = append;
  const known = ends ? [`${ends.upTo}`, ends.topics] : [HUGE, ""];
  const args = ["append", node, `${seq}`, word, ...known, ...boundsArguments(bounds)];
  args.push(
    `${blocks.length}`,
    ...blocks.flatMap(contentArguments),
    ...blocks.flatMap(idsOf),
    ...rewriteArguments(rewrite),
  );
  return args;
}

export function putBackArguments({ node, newWord, blocks, rewrite }: PutBack): string[] {
  const args = blocks.flatMap((block) => [
    ...contentArguments(block),
    ...[block.word, `${block.keptAt}`, block.node, `${block.seq}`, `${block.unitFirst}`, `${block.unitLast}`],
  ]);
  return ["put", node, newWord, ...args, ...rewriteArguments(rewrite)];
}

export function trimArguments(bounds: EngineBounds): string[] {
  return ["trim", ...boundsArguments(bounds)];
}

function rewriteArguments(rewrite: Rewrite | undefined): string[] {
  return rewrite ? [rewrite.of, rewrite.current, rewrite.text] : [];
}

function contentArguments({ count, size, names, current, text }: BlockContent): string[] {
  return [`${count}`, `${size}`, names, current, text];
}

/** The ids of a block's names. */
function idsOf({ names }: BlockContent): string[] {
  return names === "" ? [] : names.split(" ").map((name) => name.slice(0, name.search(/[.:]/)));
}

function boundsArguments({ events, bytes, age, spare, values, valueBytes, ends }: EngineBounds): string[] {
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
