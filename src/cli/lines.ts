/** The lines of a stream of bytes, without their ends (LF or CRLF), each as soon as it is complete. */
export async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  // Not node:readline: it also ends lines at U+2028 and U+2029, which JSON texts may contain.
  const decoder = new TextDecoder();
  let rest: string[] = [];
  for await (const bytes of input) {
    const [first = "", ...more] = decoder.decode(bytes, { stream: true }).split("\n");
    rest.push(first);
    for (const start of more) {
      yield rest.join("").replace(/\r$/, "");
      rest = [start];
    }
  }
  const last = rest.join("") + decoder.decode();
  if (last !== "") yield last;
}
