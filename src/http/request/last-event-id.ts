const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The cursor in the header of a reader that returns, which is its own word and wins over the query. */
export function readLastEventId({ headers }: Request): string | undefined {
  const header = headers.get("last-event-id");
  return header ? idOf(header) || undefined : undefined;
}

/**
 * The id that a header brings, whose bytes the Headers API shows as characters. Browsers send UTF-8, as
 * they should; some clients send Latin-1, which is hardly ever UTF-8 by chance.
 */
function idOf(header: string): string {
  try {
    return UTF8.decode(Buffer.from(header, "latin1"));
  } catch {
    return header;
  }
}
