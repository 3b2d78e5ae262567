/** The manual as it is in the program. */
export interface Manual {
  readonly parts: readonly {
    readonly title: string;
    readonly pages: readonly { readonly name: string; readonly title: string }[];
  }[];
  /** The pages by their names. */
  readonly pages: Readonly<Record<string, ManualPage>>;
  /** The index of the search, for `MiniSearch.loadJSON`. */
  readonly index: string;
  /** The pages' own style sheet and scripts: their names, which hold a hash, and their texts. */
  readonly assets: Readonly<Record<"manual.css" | "manual.js" | "theme.js" | "icon.svg", ManualFile>>;
  /** The files of the repository that pages link to, by their paths. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ManualPage {
  readonly title: string;
  /** The beginning of the text, for those who list the page. */
  readonly description: string;
  readonly html: string;
  /** The headings of the second level. */
  readonly headings: readonly { readonly anchor: string; readonly title: string }[];
}

export interface ManualFile {
  readonly name: string;
  readonly text: string;
}
