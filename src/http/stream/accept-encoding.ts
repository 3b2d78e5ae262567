/**
 * Chooses the coding with the highest weight in `Accept-Encoding`, and the first of those with equal weights
 * (RFC 9110, section 12.5.3). Undefined when the header names none of the codings, or prefers `identity`. A `*`
 * does not count, because its sender may not know every coding.
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
  // A malformed weight does not accept the coding.
  return [name, weight >= 0 && weight <= 1 ? weight : 0];
}
