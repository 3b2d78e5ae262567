import { closest, distance } from "fastest-levenshtein";

/** The longest name that is compared, in characters: a longer one would take time. */
const MAX_LENGTH = 100;

/** The known name that was probably meant: by `topics`, `topic[]` or `last-event-id`, say. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > MAX_LENGTH) return undefined;
  const given = letters(name);
  const nearest = closest(given, known.map(letters));
  const differs = distance(given, nearest);
  // Of a name of one letter nothing would be left.
  if (differs >= given.length || differs > Math.max(2, nearest.length / 3)) return undefined;
  return known.find((one) => letters(one) === nearest);
}

const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
