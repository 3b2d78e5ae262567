import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { startConfigured } from "../configured.ts";
import { newFile } from "../folder.ts";
import { Reader } from "../http/reader.ts";
import { until } from "../until.ts";
import { open, SECRET, sign } from "./mercure-hub.ts";

// Symfony's own client, as Debian has it. It speaks the dialect before version 1.

const LIBRARY = "/usr/share/php/Symfony/Component";
const isThere = Bun.which("php") !== null && existsSync(`${LIBRARY}/Mercure/autoload.php`);

async function php(script: string): Promise<string> {
  const file = await newFile("script.php", script);
  const child = Bun.spawn(["php", "-d", "display_errors=stderr", file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  return output;
}

test.skipIf(!isThere)("symfony/mercure publishes, also private updates; its refusals say why", async () => {
  const { url } = await startConfigured(["--jwt-key", SECRET, "--mercure-compat"]);
  const hub = `${url}/.well-known/mercure`;
  const publisher = await sign({ old: { publish: ["https://e.com/{id}"] }, header: { typ: "JWT" } });
  const subscriber = await sign({ old: { subscribe: ["https://e.com/{id}"] }, header: { typ: "JWT" } });
  const stream = await open(`${hub}?topic=https://e.com/{id}&authorization=${subscriber}`);
  const anybody = await Reader.open(`${url}/events?topic=https://e.com/2`);
  await anybody.next();
  const output = await php(`<?php
require "${LIBRARY}/HttpClient/autoload.php";
require "${LIBRARY}/Mercure/autoload.php";
use Symfony\\Component\\Mercure\\{Hub, Update};
use Symfony\\Component\\Mercure\\Jwt\\StaticTokenProvider;
$hub = new Hub("${hub}", new StaticTokenProvider("${publisher}"));
echo $hub->publish(new Update(["https://e.com/1"], json_encode(["a" => 1]), true, "urn:x:1", "added", 5)), "\\n";
echo $hub->publish(new Update("https://e.com/2", "line 1\\nline 2")) !== "" ? "given an id\\n" : "";
try {
    $hub->publish(new Update("other", "x"));
} catch (Symfony\\Component\\Mercure\\Exception\\RuntimeException $error) {
    echo $error->getPrevious()->getCode(), "\\n";
}
`);
  expect(output).toBe("urn:x:1\ngiven an id\n403\n");
  await until(() => stream.events.length === 2);
  expect(stream.events).toMatchObject([
    { id: "urn:x:1", event: "added", retry: "5", data: '{"a":1}' },
    { data: "line 1\nline 2" },
  ]);
  expect(await anybody.take(1)).toEqual([["message", "line 1\nline 2"]]);
});
