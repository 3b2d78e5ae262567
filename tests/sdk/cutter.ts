import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { defer } from "../defer.ts";

/** A way to a hub that lets the first request through and cuts the connection when its answer comes. */
export async function startCutter(hub: string): Promise<{ url: string }> {
  const { hostname, port } = new URL(hub);
  const sockets = new Set<Socket>();
  let first = true;
  const server = createServer((client) => {
    const cut = first;
    first = false;
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => {}));
    client.pipe(upstream);
    if (cut) upstream.once("data", () => client.destroy());
    else upstream.pipe(client);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}` };
}
