import { expect, test } from "bun:test";
import { connect } from "node:tls";
import type { Logger } from "../../src/logger.ts";
import { silent } from "../../src/logger.ts";
import { startConfigured } from "../configured.ts";
import { until } from "../until.ts";
import { half, RenewableFiles } from "./certificate.ts";
import { Http2Client } from "./http2-client.ts";

/**
 * The subject of the certificate with which a new connection is greeted; undefined for one that is
 * not yet through when the certificate changes, which is reset.
 */
function subjectAt(url: string): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect(
      { host: "127.0.0.1", port: Number(new URL(url).port), rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      },
    );
    socket.once("error", () => resolve(undefined));
  });
}

const fetchOptions = { tls: { rejectUnauthorized: false } };

test("a renewed certificate greets new connections, and no stream is dropped", async () => {
  const errors: string[] = [];
  const logger: Logger = { ...silent, error: (_, message) => errors.push(message) };
  const files = new RenewableFiles();
  const { url, broker } = await startConfigured(files.flags, logger);
  expect(await subjectAt(url)).toBe("old");
  const http1 = (await fetch(`${url}/events`, fetchOptions)).body?.getReader();
  const http2 = new Http2Client(url).open("/events");
  await until(() => broker.clientCount === 2);

  // One half alone is no pair: the old one stays.
  files.replace("crt", half("new", "crt"));
  await until(() => errors.length > 0);
  expect(errors).toEqual(["certificate not loaded again, what was in force stays"]);
  expect(await subjectAt(url)).toBe("old");

  files.replace("key", half("new", "key"));
  for (let subject: unknown; subject !== "new"; ) subject = await subjectAt(url);
  expect(broker.clientCount).toBe(2);
  broker.broadcast({ type: "after", data: 1 });
  await until(() => http2.text.includes("event: after"));
  for (let text = ""; !text.includes("event: after"); )
    text += new TextDecoder().decode((await http1?.read())?.value);

  // A client of the new certificate is one of the same hub.
  const late = await fetch(`${url}/events`, fetchOptions);
  await until(() => broker.clientCount === 3);
  await late.body?.cancel();
  await until(() => broker.clientCount === 2);
});
