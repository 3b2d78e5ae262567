import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { violations } from "../events/violation.ts";
import { InvalidToken } from "./tokens.ts";

const patterns = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { maxItems: 1000, description });

/**
 * The claim `tidings` of a token. Unknown names are refused: a misspelt name would grant less than was
 * meant, or with `types` more.
 */
export const Claims = Type.Object(
  {
    publish: Type.Optional(
      Type.Object(
        {
          topics: patterns("Exact topics, prefixes that end in *, or *"),
          types: Type.Optional(patterns("Event types, in the same forms. Absent: every type")),
        },
        { additionalProperties: false },
      ),
    ),
    subscribe: Type.Optional(patterns("Exact topics, prefixes that end in *, or *")),
    presence: Type.Optional(
      patterns("The topics, in the same forms, whose readers may be known. Each is in subscribe too"),
    ),
  },
  { additionalProperties: false },
);
export type Claims = Static<typeof Claims>;

const check = TypeCompiler.Compile(Claims);

/**
 * Reads the claim `tidings` of a verified token. A token without it grants nothing.
 *
 * @throws InvalidToken when the claim is malformed
 */
export function readClaims(payload: Readonly<Record<string, unknown>>): Claims {
  const claim = payload["tidings"] ?? {};
  if (check.Check(claim)) return claim;
  const [first] = violations(check, claim, "/tidings");
  throw new InvalidToken(`the token's claim is wrong: ${first?.path}: ${first?.message}`);
}
