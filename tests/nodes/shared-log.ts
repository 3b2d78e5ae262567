import { join } from "node:path";
import type { Store } from "../../src/log/store.ts";
import { silent } from "../../src/logger.ts";
import { listenForLines } from "../../src/nodes/line.ts";
import { LogOwner } from "../../src/nodes/log-owner.ts";
import { OwnerLink } from "../../src/nodes/owner-link.ts";
import { RemoteStore } from "../../src/nodes/remote-store.ts";

/** The owner of a log, in this process, and nodes that follow it by real sockets. */
export interface OwnedLog {
  readonly owner: LogOwner;
  readonly links: readonly OwnerLink[];
  readonly stores: readonly RemoteStore[];
  readonly head: number;
  readonly earliest: number | undefined;
  /** Another node. */
  join(name: string): Promise<{ link: OwnerLink; store: RemoteStore }>;
  close(): Promise<void>;
}

let count = 0;

/**
 * @param folder where its socket is.
 * @param file what the store is in, if nodes are to read it.
 */
export async function shareLog(store: Store, folder: string, file?: string, nodes = 3): Promise<OwnedLog> {
  const owner = new LogOwner({ store, path: file, logger: silent });
  const path = join(folder, `log-${count++}.sock`);
  const stop = listenForLines(path, (line) => owner.accept(line));
  const join1 = async (name: string) => {
    const link = await OwnerLink.connect(path, name);
    return { link, store: await RemoteStore.open(link, { recipients: () => 0 }) };
  };
  const joined = await Promise.all(Array.from({ length: nodes }, (_, i) => join1(String(i + 1))));
  return {
    owner,
    links: joined.map(({ link }) => link),
    stores: joined.map(({ store }) => store),
    get head() {
      return owner.log.head;
    },
    get earliest() {
      return owner.log.earliest;
    },
    join: join1,
    async close() {
      await owner.close();
      stop();
    },
  };
}
