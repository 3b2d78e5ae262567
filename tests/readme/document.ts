import { expect } from "bun:test";
import { join } from "node:path";
import { until } from "../until.ts";
import type { Section } from "./markdown.ts";
import { otherPorts, type Running, Shell } from "./shell.ts";
import { Visitor } from "./visitor.ts";

/**
 * A document is run as somebody would who reads it: its files are written, and its commands are typed, in
 * order, with the executable on the PATH. Only the ports are others.
 *
 *  - A file is a block with its name after the language: ```ts app.ts
 *  - Each line of a `sh` block is a command. One that ends in `\` goes on in the next line, and a here-document
 *    is part of its command.
 *  - `tidings serve`, `tidings listen`, `curl -N` and those of which a {@link Step} says so keep running, as in
 *    a terminal of their own. A hub on the same port takes the place of the one before.
 *  - A `text` or `json` block after a command is what that command shows, or one that keeps running: spaces do not
 *    matter, and `…` stands for anything.
 */
export interface Step {
  /** It runs on until the end of the document. */
  readonly keeps?: true;
  /** What its output matches, besides what the document shows. */
  readonly shows?: RegExp;
  /** What the output of one that keeps running matches before the document ends. */
  readonly later?: RegExp;
  /** What it ends with, other than 0. */
  readonly code?: number;
  /** It is tried until it succeeds: what it needs takes a moment. */
  readonly again?: true;
  /** A file that it writes and that names a port. */
  readonly writes?: string;
  /** Something more to do when it has shown what it should. */
  readonly after?: (visitor: Visitor) => Promise<unknown>;
}

export type Steps = Readonly<Record<string, Step>>;

const KEEPS =
  /^(?:[A-Z_]+=(?:\$\([^)]*\)|\S+) )*(?:tidings (?:serve|listen)\b(?! --help)|curl (?:-\w )*-s?N\b)/;
const SERVES = /^tidings serve\b(?!.* --port)/;

const LISTENS = /\btidings listen\b/;

/** Whether the command runs on until somebody stops it. */
export const keepsRunning = (command: string, steps: Steps) => steps[command]?.keeps ?? KEEPS.test(command);

/** The commands of a `sh` block. A here-document is part of its command. */
export function commandsOf(text: string): string[] {
  const lines = text.replaceAll(/\\\n\s*/g, "").split("\n");
  const commands: string[] = [];
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, word] = /<<'?(\w+)/.exec(line) ?? [];
    const end = word === undefined ? -1 : lines.indexOf(word);
    commands.push([line, ...lines.splice(0, end + 1)].join("\n"));
  }
  return commands;
}

/** Runs the blocks. Rejects when a command fails, or shows something else. */
export async function runDocument(
  sections: readonly Section[],
  folder: string,
  steps: Steps = {},
): Promise<void> {
  const at = otherPorts();
  const shell = new Shell(folder, at);
  const visitor = new Visitor(at);
  const running: Running[] = [];
  const expected: [Running, RegExp][] = [];
  /** What one of those that keep running has to show. */
  const later: RegExp[] = [];
  let hub: Running | undefined;
  /** What the last command showed; undefined where none comes before. */
  let last: string | undefined;
  const blocks = sections.flatMap(({ blocks }) => blocks.map((block, i) => ({ ...block, isFirst: i === 0 })));
  for (const { language, file, text, isFirst } of blocks) {
    if (isFirst) last = undefined;
    if (file !== undefined) await Bun.write(join(shell.cwd, file), at(text));
    else if (language === "text" || language === "json") {
      if (last === undefined) continue;
      const shown = shownAs(text);
      if (shown.test(last)) continue;
      // There is nobody else who could show it.
      if (running.length === 0) expect(last).toMatch(shown);
      later.push(shown);
    }
    if (language !== "sh" || file !== undefined) {
      last = undefined;
      continue;
    }
    for (const command of commandsOf(text)) {
      const { shows, later: afterwards, code, again, writes, after } = steps[command] ?? {};
      if (keepsRunning(command, steps)) {
        if (SERVES.test(command)) {
          await hub?.kill();
          hub = undefined;
        }
        const [, url] = /--url (\S+)/.exec(command) ?? [];
        const clients = LISTENS.test(command) ? await visitor.clients(url) : undefined;
        const started = shell.start(command);
        last = "";
        if (SERVES.test(command)) hub = started;
        else running.push(started);
        if (command.startsWith("tidings serve")) await started.shows(/Tidings/);
        // Its stream is open before the next command publishes.
        else if (clients !== undefined) {
          await until(async () => started.hasSaid || ((await visitor.clients(url)) ?? 0) > clients);
        } else if (command.startsWith("curl")) await started.shows(/\S/);
        if (shows) await started.shows(shows);
        if (afterwards) expected.push([started, afterwards]);
      } else {
        const run = () => shell.run(command, code);
        last = again ? await until(() => run().catch(() => undefined)) : await run();
        if (shows) expect(last).toMatch(shows);
      }
      if (writes) {
        const path = join(shell.cwd, writes);
        await Bun.write(path, at(await Bun.file(path).text()));
      }
      await after?.(visitor);
    }
  }
  for (const [one, shown] of expected) await one.shows(shown);
  for (const shown of later) {
    await Promise.any(running.map((one) => one.shows(shown))).catch(() => {
      throw new Error(`no command showed ${shown}:\n${running.map(({ output }) => output).join("\n---\n")}`);
    });
  }
  await shell.end();
}

/** What output must have in it: this text, whatever its spaces, where `…` is anything. */
function shownAs(text: string): RegExp {
  const parts = text
    .split("…")
    .map((part) =>
      Array.from(part.replaceAll(/\s+/g, ""), (letter) => letter.replace(/[.*+?^${}()|[\]\\]/, "\\$&")).join(
        "\\s*",
      ),
    );
  return new RegExp(parts.join("[\\s\\S]*?"));
}
