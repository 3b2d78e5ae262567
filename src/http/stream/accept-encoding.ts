/**
 * The one of these codings that an `Accept-Encoding` names with the highest weight, the first of
 * them where weights are equal (RFC 9110, section 12.5.3). Undefined when it names none of them, or
 * would rather have `identity`. A `*` is not taken as a word for any of them: who sends it may not
 * know them all.
 */
export function preferredCoding<Name extends string>(
  header: string | null,
  codings: readonly Name[],
): Name | undefined {
  if (!header) return undefined;
  const weights = new Map(header.split(",").map(readItem));
  let preferred: Name | undefined;
  let highest = 0;
  for (const name of codings) {
    const weight = weights.get(name) ?? 0;
    if (weight <= highest) continue;
    preferred = name;
    highest = weight;
  }
  return (weights.get("identity") ?? 0) > highest ? undefined : preferred;
}

function readItem(item: string): [name: string, weight: number] {
  const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const weight = given === undefined ? 1 : Number(given);
  // What is no weight is no word for the coding.
  return [name, weight >= 0 && weight <= 1 ? weight : 0];
}
