import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import type { Config } from "../config/config.ts";
import type { Logger } from "../logger.ts";
import { checker } from "../nodes/messages.ts";
import { OwnerLink } from "../nodes/owner-link.ts";
import { Peers } from "../nodes/peers.ts";
import { RecipientsElsewhere } from "../nodes/recipients.ts";
import { RemoteStore } from "../nodes/remote-store.ts";
import { type Server, startServer } from "./server.ts";
import { wholePart } from "./whole-part.ts";

/** The variable that tells a process that it is a worker, and which. */
export const WORKER_VARIABLE = "TIDINGS_WORKER";

/** What a worker is told when it is started. */
const Assignment = Type.Object({
  /** Its number, from 1 on. */
  worker: Type.Integer({ minimum: 1 }),
  /** How many there are. */
  workers: Type.Integer({ minimum: 1 }),
  /** The Unix socket where the process listens that has the log; none where Redis has it. */
  socket: Type.Optional(Type.String()),
  /** The port that all share. */
  port: Type.Integer(),
});
export type Assignment = Static<typeof Assignment>;

/** What a worker is told later. */
const Order = Type.Object({ order: Type.Union([Type.Literal("reload"), Type.Literal("stop")]) });
export type Order = Static<typeof Order>;

/** What a worker says of itself. */
export const Report = Type.Union([
  Type.Object({ report: Type.Literal("ready"), url: Type.String(), hasKeys: Type.Boolean() }),
  /** It can't be started, as the message says. */
  Type.Object({ report: Type.Literal("failed"), message: Type.String(), exitCode: Type.Integer() }),
]);
export type Report = Static<typeof Report>;

const checkAssignment = checker(Assignment);
const checkOrder = checker(Order);

/** The assignment of this process, if it is a worker. It is taken away: its own children are none. */
export function takeAssignment(env: NodeJS.ProcessEnv): Assignment | undefined {
  const text = env[WORKER_VARIABLE];
  if (text === undefined || !process.send) return undefined;
  delete env[WORKER_VARIABLE];
  return checkAssignment(JSON.parse(text));
}

export function report(said: Report): void {
  process.send?.(said);
}

/**
 * Resolves, to that reason, when the process that started this worker is gone. It may have been killed, and
 * left the folder of its socket behind.
 */
export function startedByNobody({ socket }: Assignment): Promise<string> {
  return new Promise((resolve) => {
    process.once("disconnect", () => {
      if (socket !== undefined) rmSync(dirname(socket), { recursive: true, force: true });
      resolve("the process that started it is gone");
    });
  });
}

/** A worker that runs. */
export interface Worker {
  readonly server: Server;
  /** Resolves when it can't go on, to the reason. */
  readonly failed: Promise<string>;
}

/**
 * Starts a node of a hub: it follows the log of the process that started it, or the one in Redis.
 *
 * @throws the same as {@link startServer}; OwnerLinkError.
 */
export async function startWorker(config: Config, logger: Logger, assignment: Assignment): Promise<Worker> {
  const { workers: servers, socket, port: sharedPort } = assignment;
  if (socket === undefined) {
    const part = await wholePart(config, logger, process.ppid);
    const server = await startServer(config, logger, { ...part, servers, sharedPort });
    return { server, failed: server.failed };
  }
  const link = await OwnerLink.connect(socket, String(assignment.worker));
  const peers = new Peers(link, logger);
  const elsewhere = new RecipientsElsewhere();
  const store = await RemoteStore.open(link, { recipients: (draft) => elsewhere.count(draft) });
  const server = await startServer(config, logger, {
    nodes: peers,
    servers,
    sharedPort,
    openStore: () => store,
    ready(broker) {
      elsewhere.share(broker, peers);
      peers.join();
    },
  });
  const failed = Promise.race([
    link.gone.then(() => "the process that has the log is gone"),
    store.lost.then(() => "it is so far behind that what it lacks is no longer held"),
  ]);
  return { server, failed };
}

/** Does what the process that started this one says, until it is to stop. */
export function followOrders(server: Server): Promise<void> {
  return new Promise((resolve) => {
    process.on("message", (message: unknown) => {
      const { order } = checkOrder(message);
      if (order === "stop") resolve();
      else void server.reload();
    });
  });
}
