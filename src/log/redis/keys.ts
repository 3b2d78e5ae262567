/** The names of the keys of one hub: they share a hash tag, so that they lie together. */
export function keysOf(prefix: string): readonly string[] {
  const names = ["log", "names", "meta", "seqs", "hellos", "current", "sizes", "archive", "ends", "moved"];
  return names.map((name) => `{${prefix}}:${name}`);
}

/** The key of the blocks that have left the stream, and are held. */
export function movedKeyOf(prefix: string): string {
  return `{${prefix}}:moved`;
}

/** The key of what the nodes of one hub tell each other. */
export function controlKeyOf(prefix: string): string {
  return `{${prefix}}:control`;
}
