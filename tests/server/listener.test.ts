import { expect, test } from "bun:test";
import { Elysia } from "elysia";
import { listen } from "../../src/server/listener.ts";
import { defer } from "../defer.ts";

test("a listener that is paused takes no connections; what is open goes on, and so does it when it is resumed", async () => {
  let send: (text: string) => void = () => {};
  const stream = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          send = (text) => controller.enqueue(new TextEncoder().encode(text));
          send("first");
        },
      }),
    );
  const app = new Elysia().get("/", () => "here").get("/stream", stream);
  const listener = await listen(app, { host: "127.0.0.1", port: 0, idleTimeout: 60, stallTimeout: 30_000 });
  defer(() => listener.stop());
  const get = () => fetch(listener.url, { keepalive: false }).then((answer) => answer.text());
  const reader = (await fetch(`${listener.url}/stream`)).body?.getReader();
  const next = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await next()).toBe("first");
  expect([listener.pause(), listener.pause()]).toEqual([true, false]);
  await expect(get()).rejects.toThrow();
  send("second");
  expect(await next()).toBe("second");

  // Another program takes the port for a while.
  const { hostname, port } = new URL(listener.url);
  const other = Bun.listen({ hostname, port: Number(port), socket: { data() {} } });
  expect(() => listener.resume()).toThrow();
  other.stop(true);
  listener.resume();
  expect(await get()).toBe("here");
  send("third");
  expect(await next()).toBe("third");
});
