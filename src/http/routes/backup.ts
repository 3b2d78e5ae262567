import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { BACKUP_TYPE } from "../../protocol/backup.ts";
import { MAX_TIMER_MS } from "../../timers.ts";
import { requireAdmin } from "../access/access.ts";
import { Problem } from "../answer/problem.ts";
import type { Hub } from "../hub.ts";
import { operation } from "../openapi/operation.ts";
import { NOT_STORED } from "../openapi/response-headers.ts";

/** How much of a copy is read at once, in bytes. */
const CHUNK_BYTES = 256 * 1024;
/** After how many seconds another copy may be asked for. */
const RETRY_AFTER = 10;

/** `GET /backup`: a consistent copy of the store, for administrators. */
export function backupRoutes(hub: Hub) {
  const { broker, backupFolder = tmpdir() } = hub;
  let underWay = false;

  async function copy(): Promise<FileHandle> {
    const { store } = broker.log;
    if (!store.backup) throw new Problem(501, "this hub's store can't be copied while it runs");
    const folder = await mkdtemp(join(backupFolder, ".tidings-backup-"));
    try {
      const path = join(folder, "copy.db");
      await store.backup(path);
      return await open(path);
    } finally {
      // Whoever has it open reads on: nothing is left behind, however this ends.
      await rm(folder, { recursive: true, force: true });
    }
  }

  return new Elysia().get(
    "/backup",
    async ({ request, server }) => {
      await requireAdmin(hub, request);
      if (underWay) {
        throw new Problem(503, "a backup is already under way", { retryAfter: RETRY_AFTER });
      }
      // The copy is made before its first byte goes out.
      server?.timeout(request, 0);
      underWay = true;
      const done = () => {
        underWay = false;
      };
      const file = await copy().catch((error: unknown) => {
        done();
        throw error;
      });
      return new Response(contentOf(file, { stallTimeout: broker.stallTimeout, done }), {
        headers: {
          "content-type": BACKUP_TYPE,
          "content-disposition": 'attachment; filename="tidings.db"',
          "cache-control": "no-store",
        },
      });
    },
    {
      detail: operation({
        tag: "operations",
        audience: "administrator",
        summary: "A consistent copy of the events that are held",
        description:
          "An SQLite file, which a hub opens as its store. It holds private events. There is one copy at a time: " +
          "while one is under way, another is a 503. A store that can't be copied while it runs is a 501.",
        answers: {
          200: {
            description: "The copy",
            headers: {
              "Cache-Control": NOT_STORED,
              "Content-Disposition": {
                description: "A name for the file",
                schema: { type: "string", examples: ['attachment; filename="tidings.db"'] },
              },
            },
            content: { [BACKUP_TYPE]: { schema: { type: "string", format: "binary" } } },
          },
        },
        problems: [501],
      }),
    },
  );
}

interface Reading {
  /** How long a reader may take nothing, in milliseconds; 0 for ever. As for event streams. */
  readonly stallTimeout: number;
  readonly done: () => void;
}

/**
 * The bytes of the file, read as they are taken. Then, or when nobody takes them any more, it is closed: one
 * who stays without reading would keep everybody else from a backup.
 */
function contentOf(file: FileHandle, { stallTimeout, done }: Reading): ReadableStream<Uint8Array> {
  let stalled: ReturnType<typeof setTimeout> | undefined;
  const close = async () => {
    clearTimeout(stalled);
    done();
    await file.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(stalled);
        const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES);
        if (bytesRead === 0) {
          await close();
          return controller.close();
        }
        controller.enqueue(buffer.subarray(0, bytesRead));
        if (stallTimeout === 0) return;
        const giveUp = () => {
          // An orderly end would make a part look like all of it.
          controller.error(new Error("the reader has stalled"));
          void close();
        };
        stalled = setTimeout(giveUp, Math.min(stallTimeout, MAX_TIMER_MS));
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
