/** A fenced block of a Markdown text. */
export interface Block {
  readonly language: string;
  /** What stands after the language: the name of the file that the block is. */
  readonly file: string | undefined;
  readonly text: string;
}

/** A heading, and the blocks below it, up to the next heading. */
export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

export function sectionsOf(markdown: string): Section[] {
  const sections: { heading: string; blocks: Block[] }[] = [];
  // A block's end is searched for first, so that a heading in a block (a shell's comment) is none.
  for (const [, hashes, heading, language, file, text] of markdown.matchAll(
    /^(#+) (.+)$|^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm,
  )) {
    if (hashes !== undefined) sections.push({ heading: heading ?? "", blocks: [] });
    else sections.at(-1)?.blocks.push({ language: language ?? "", file, text: text ?? "" });
  }
  return sections;
}
