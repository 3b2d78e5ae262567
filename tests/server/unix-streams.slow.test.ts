import { expect, test } from "bun:test";
import { join } from "node:path";
import { startConfigured } from "../configured.ts";
import { emptyFolder } from "../folder.ts";

test("over a Unix socket, too, the idle time-out ends no stream", async () => {
  const unix = join(emptyFolder(), "hub.sock");
  // The runtime looks for idle connections every four seconds, so it would have found this one.
  await startConfigured(["--unix", unix, "--idle-timeout", "1s", "--keep-alive", "9s"]);
  const { body } = await fetch("http://localhost/events", { unix });
  let text = "";
  for await (const bytes of body ?? []) {
    text += new TextDecoder().decode(bytes);
    if (text.includes(": keepalive")) break;
  }
  expect(text).toContain(": keepalive");
});
