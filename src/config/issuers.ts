import { dirname, resolve } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { RemoteKeys } from "../auth/remote-keys.ts";
import type { TokenKey } from "../auth/token-keys.ts";
import type { VerifyingKey } from "../auth/verifying-key.ts";
import { ConfigError, readNamedFile, reasonOf } from "./config-error.ts";
import { parseSettings } from "./settings-file.ts";
import { parseTokenKey } from "./token-key-text.ts";

/** A token is checked with each key that may have signed it, so there are few. */
const MAX_ISSUERS = 16;

const text = Type.Optional(Type.String({ minLength: 1 }));

const Issuer = Type.Object(
  {
    issuer: text,
    audience: text,
    key: text,
    key_file: text,
    jwks_url: text,
    grants: Type.Optional(
      Type.Union([Type.Literal("publish"), Type.Literal("subscribe")], {
        description: "publish or subscribe",
      }),
    ),
  },
  { additionalProperties: false },
);
const Issuers = Type.Array(Issuer, { minItems: 1, maxItems: MAX_ISSUERS });
const issuers = TypeCompiler.Compile(Issuers);

/** Finds the keys at a URL, which stay the same when the file is read again. */
export type FindRemote = (url: URL) => RemoteKeys;

/**
 * Reads the file of `--issuers-file`: who signs tokens, each with keys of their own.
 *
 * @throws ConfigError
 */
export function readIssuers(
  path: string,
  { leeway, remote }: { readonly leeway: number; readonly remote: FindRemote },
): readonly TokenKey[] {
  return parse(path).map((given, i) => {
    const { issuer, audience, grants } = given;
    const key = readKey(`--issuers-file ${path}: /${i}`, dirname(path), given, remote);
    return { ...key, issuer, audience, leeway, grants: grants && [grants] };
  });
}

/** The files of keys that the file of issuers names; none when it can't be read. */
export function filesOfIssuers(path: string): readonly string[] {
  try {
    return parse(path).flatMap(({ key_file: file }) =>
      file === undefined ? [] : resolve(dirname(path), file),
    );
  } catch {
    return [];
  }
}

function parse(path: string): Static<typeof Issuers> {
  const json = readNamedFile("--issuers-file", path);
  try {
    return parseSettings(json, issuers);
  } catch (error) {
    throw new ConfigError(`--issuers-file ${path}: ${reasonOf(error)}`);
  }
}

function readKey(
  where: string,
  folder: string,
  { key, key_file: file, jwks_url: url }: Static<typeof Issuer>,
  remote: FindRemote,
): VerifyingKey {
  if ([key, file, url].filter((given) => given !== undefined).length !== 1) {
    throw new ConfigError(`${where}: give one of key, key_file and jwks_url`);
  }
  if (url !== undefined) {
    const parsed = URL.parse(url);
    if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
      throw new ConfigError(`${where}: jwks_url is no URL of http or https`);
    }
    return remote(parsed);
  }
  return parseTokenKey(where, file === undefined ? (key ?? "") : readNamedFile(where, resolve(folder, file)));
}
