import type { FileSource } from "../file-changes.ts";
import { createWebhook, type Webhook, webhookSettings } from "../webhooks/webhook.ts";
import { ConfigError, readNamedFile, reasonOf } from "./config-error.ts";
import { parseSettings } from "./settings-file.ts";

type Webhooks = ReadonlyMap<string, Webhook>;

/** The webhooks of these files, by their names. Loading throws ConfigError when a file can't be used. */
export function webhookFiles(
  paths: ReadonlyMap<string, string>,
  take: (webhooks: Webhooks) => void,
): FileSource<Webhooks> {
  return {
    name: "webhooks",
    files: () => [...paths.values()],
    async load() {
      const webhooks = new Map<string, Webhook>();
      for (const [name, path] of paths) webhooks.set(name, await readWebhook(path));
      return webhooks;
    },
    take,
  };
}

async function readWebhook(path: string): Promise<Webhook> {
  const text = readNamedFile("--webhook", path);
  try {
    return await parseWebhook(text);
  } catch (error) {
    throw new ConfigError(`--webhook ${path}: ${reasonOf(error)}`);
  }
}

/**
 * The webhook of a file with this text.
 *
 * @throws Error with a plain message, which does not have the secret.
 */
export async function parseWebhook(text: string): Promise<Webhook> {
  return createWebhook(parseSettings(text, webhookSettings));
}
