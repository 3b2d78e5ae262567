import { Option } from "commander";
import { type MercureTopic, readMercureClaims } from "../auth/mercure-claims.ts";
import { readSigningKey, readVerifyingKey, type SigningKey, verifyingKeyOf } from "../auth/read-key.ts";
import { signMercureToken, signOldMercureToken, signToken } from "../auth/sign-token.ts";
import { InvalidToken, verifyToken } from "../auth/tokens.ts";
import { KeyError, type VerifyingKey } from "../auth/verifying-key.ts";
import { readNamedFile } from "../config/config-error.ts";
import { duration, text, texts } from "../config/values.ts";
import { CommandWithVariables } from "../config/variables.ts";
import { covers } from "../topics/topic-patterns.ts";
import { CliError, EXIT_UNAVAILABLE } from "./error.ts";
import { explainToken, openToken } from "./explain-token.ts";
import { notesAndExamples } from "./help.ts";
import { print, printable } from "./output.ts";

interface KeyOptions {
  readonly jwtKey?: string;
  readonly jwtKeyFile?: string;
}

interface TokenOptions extends KeyOptions {
  readonly publish?: readonly string[];
  readonly type?: readonly string[];
  readonly subscribe?: readonly string[];
  readonly presence?: readonly string[];
  readonly subject?: string;
  /** Milliseconds; 0 for never. */
  readonly expires: number;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  readonly mercure?: boolean;
  readonly mercureCompat?: boolean;
  readonly inspect?: string;
}

const options = [
  new Option(
    "--jwt-key-file <file>",
    "file of the key to sign with: a secret, or a private key (PEM or JWK)",
  ).argParser(text),
  new Option(
    "--jwt-key <key>",
    "the key itself; better in TIDINGS_JWT_KEY, since others see a flag",
  ).argParser(text),
  new Option(
    "--publish <topic>",
    "topic to publish on: exact, prefix that ends in *, or *; repeats",
  ).argParser(texts),
  new Option("--type <type>", "type to publish, in the same forms; repeats; none: every type").argParser(
    texts,
  ),
  new Option("--subscribe <topic>", "topic to read with its private events; repeats").argParser(texts),
  new Option(
    "--presence <topic>",
    "topic whose readers may be known, also in --subscribe; repeats",
  ).argParser(texts),
  new Option("--subject <name>", "who the token is for; /clients shows it").argParser(text),
  new Option("--expires <duration>", "how long the token is good; 0 for ever")
    .default(3_600_000, "1h")
    .argParser(duration),
  new Option("--jwt-issuer <issuer>", "iss of the token").argParser(text),
  new Option("--jwt-audience <audience>", "aud of the token").argParser(text),
  new Option(
    "--mercure",
    "sign for the Mercure protocol: topics are exact, or urlpattern:PATTERN, or *; needs iss and aud",
  ),
  new Option("--mercure-compat", "sign for Mercure 0.x: topics are exact, URI templates, or *"),
  new Option("--inspect <token>", "explain this token instead; - reads it from input").argParser(text),
];

export const token = options
  .reduce((command, option) => command.addOption(option), new CommandWithVariables("token"))
  .description("Sign a token for a publisher or a subscriber, or explain one.")
  .addHelpText("after", ({ command }) =>
    notesAndExamples(
      command,
      "The hub verifies with the same secret, or with the public key to a private one.",
      [
        "openssl rand -base64 48 > secret",
        "tidings serve --jwt-key-file secret",
        "tidings token --jwt-key-file secret --publish 'orders/*'",
        "tidings token --jwt-key-file secret --subscribe users/7 --subject alice",
        [
          "tidings token --mercure --jwt-key-file secret \\",
          "    --jwt-issuer https://example.com \\",
          "    --jwt-audience https://hub.example.com/.well-known/mercure \\",
          "    --subscribe 'urlpattern:https://example.com/books/:id'",
        ].join("\n"),
        "tidings token --inspect TOKEN --jwt-key-file secret",
      ],
    ),
  )
  .action((given: TokenOptions) =>
    given.inspect === undefined ? sign(given) : inspect(given, given.inspect),
  );

async function sign({
  publish,
  type: types,
  subscribe,
  presence,
  expires,
  ...options
}: TokenOptions): Promise<void> {
  const key = readKey(options, readSigningKey);
  if (!key) throw new CliError("give the key to sign with: --jwt-key-file, or TIDINGS_JWT_KEY");
  if (!publish && !subscribe)
    throw new CliError("say what the token grants: --publish, --subscribe, or both");
  if (types && !publish) throw new CliError("--type is about what may be published: it needs --publish");
  if (presence && !presence.every((topic) => covers(subscribe ?? [], topic)))
    throw new CliError("--presence is for topics that --subscribe grants too");
  const common = { subject: options.subject, life: expires === 0 ? undefined : expires };
  if (options.mercure || options.mercureCompat) {
    if (types) throw new CliError("the Mercure protocol grants no types: leave --type out");
    if (presence) throw new CliError("the Mercure protocol grants no presence: leave --presence out");
    const topics = { publish: publish ?? [], subscribe: subscribe ?? [] };
    await print(`${await signForMercure(key, topics, { ...options, ...common })}\n`);
    return;
  }
  const signed = await signToken(key, {
    claims: {
      ...(publish && { publish: { topics: [...publish], ...(types && { types: [...types] }) } }),
      ...(subscribe && { subscribe: [...subscribe] }),
      ...(presence && { presence: [...presence] }),
    },
    ...common,
    issuer: options.jwtIssuer,
    audience: options.jwtAudience,
  });
  await print(`${signed}\n`);
}

interface Topics {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** @throws CliError for a token that no hub would take */
async function signForMercure(
  key: SigningKey,
  topics: Topics,
  options: Omit<TokenOptions, "expires" | "subject" | keyof Topics> &
    Readonly<Record<"life", number | undefined>> &
    Readonly<Record<"subject", string | undefined>>,
): Promise<string> {
  const { mercure, mercureCompat, subject, life, jwtIssuer: issuer, jwtAudience: audience } = options;
  if (mercureCompat) {
    if (mercure) throw new CliError("give one of --mercure and --mercure-compat");
    return signOldMercureToken(key, { ...topics, subject, issuer, audience, life });
  }
  if (issuer === undefined || audience === undefined) {
    throw new CliError("a token of the Mercure protocol needs --jwt-issuer and --jwt-audience");
  }
  if (life === undefined) throw new CliError("a token of the Mercure protocol expires: --expires is not 0");
  const publish = topics.publish.map(mercureTopic);
  const subscribe = topics.subscribe.map(mercureTopic);
  const signed = await signMercureToken(key, { publish, subscribe, subject, issuer, audience, life });
  try {
    // With the URL of some hub: it makes no difference to what can be a pattern.
    readMercureClaims({ ...openToken(signed), rules: { issuer, audience } }, { url: "https://localhost/" });
  } catch (error) {
    if (error instanceof InvalidToken) throw new CliError(`a hub would refuse this: ${error.message}`);
    throw error;
  }
  return signed;
}

const URL_PATTERN = "urlpattern:";

function mercureTopic(topic: string): MercureTopic {
  if (!topic.startsWith(URL_PATTERN)) return { match: topic };
  return { match: topic.slice(URL_PATTERN.length), match_type: "urlpattern" };
}

async function inspect(options: TokenOptions, given: string): Promise<void> {
  const shown = (given === "-" ? await Bun.stdin.text() : given).trim();
  const lines = explainToken(openToken(shown));
  const key = readKey(options, readEitherKey);
  const refusal = key && (await refusalOf(shown, key, options));
  if (!key) lines.push(["signature", "not checked: that takes the key, --jwt-key-file"]);
  else
    lines.push([
      "a hub",
      refusal === undefined ? "with this key takes it" : `with this key refuses it: ${refusal}`,
    ]);
  const width = Math.max(...lines.map(([about]) => about.length));
  await print(lines.map(([about, words]) => `${about.padEnd(width)}  ${printable(words)}\n`).join(""));
  if (refusal !== undefined) process.exitCode = EXIT_UNAVAILABLE;
}

async function refusalOf(
  shown: string,
  key: VerifyingKey,
  { jwtIssuer: issuer, jwtAudience: audience }: TokenOptions,
): Promise<string | undefined> {
  try {
    await verifyToken(shown, key, { issuer, audience });
    return undefined;
  } catch (error) {
    if (error instanceof InvalidToken) return error.message;
    throw error;
  }
}

/** Takes a private key or a public key: a signer has the first, an operator the second. */
function readEitherKey(text: string): VerifyingKey {
  try {
    return verifyingKeyOf(readSigningKey(text));
  } catch {
    return readVerifyingKey(text);
  }
}

function readKey<Key>({ jwtKey, jwtKeyFile }: KeyOptions, read: (text: string) => Key): Key | undefined {
  if (jwtKey !== undefined && jwtKeyFile !== undefined)
    throw new CliError("give one of --jwt-key and --jwt-key-file");
  const key = jwtKeyFile === undefined ? jwtKey : readNamedFile("--jwt-key-file", jwtKeyFile);
  if (key === undefined) return undefined;
  try {
    return read(key);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new CliError(
      `${jwtKeyFile === undefined ? "--jwt-key" : `--jwt-key-file ${jwtKeyFile}`} ${error.message}`,
    );
  }
}
