import append from "./scripts/append.lua" with { type: "text" };
import block from "./scripts/block.lua" with { type: "text" };
import ends from "./scripts/ends.lua" with { type: "text" };
import erase from "./scripts/erase.lua" with { type: "text" };
import hello from "./scripts/hello.lua" with { type: "text" };
import lookUp from "./scripts/look-up.lua" with { type: "text" };
import name from "./scripts/name.lua" with { type: "text" };
import beforeAppend from "./scripts/parts/before-append.lua" with { type: "text" };
import blocks from "./scripts/parts/blocks.lua" with { type: "text" };
import counts from "./scripts/parts/counts.lua" with { type: "text" };
import cutting from "./scripts/parts/cutting.lua" with { type: "text" };
import dropping from "./scripts/parts/dropping.lua" with { type: "text" };
import endedTopics from "./scripts/parts/ended-topics.lua" with { type: "text" };
import environment from "./scripts/parts/environment.lua" with { type: "text" };
import erasing from "./scripts/parts/erasing.lua" with { type: "text" };
import heldNames from "./scripts/parts/held-names.lua" with { type: "text" };
import inParts from "./scripts/parts/in-parts.lua" with { type: "text" };
import keeping from "./scripts/parts/keeping.lua" with { type: "text" };
import keys from "./scripts/parts/keys.lua" with { type: "text" };
import lastingKeys from "./scripts/parts/lasting-keys.lua" with { type: "text" };
import lateNames from "./scripts/parts/late-names.lua" with { type: "text" };
import lives from "./scripts/parts/lives.lua" with { type: "text" };
import meddling from "./scripts/parts/meddling.lua" with { type: "text" };
import names from "./scripts/parts/names.lua" with { type: "text" };
import oldestBlock from "./scripts/parts/oldest-block.lua" with { type: "text" };
import places from "./scripts/parts/places.lua" with { type: "text" };
import recovery from "./scripts/parts/recovery.lua" with { type: "text" };
import recoveryState from "./scripts/parts/recovery-state.lua" with { type: "text" };
import seqs from "./scripts/parts/seqs.lua" with { type: "text" };
import setting from "./scripts/parts/setting.lua" with { type: "text" };
import state from "./scripts/parts/state.lua" with { type: "text" };
import time from "./scripts/parts/time.lua" with { type: "text" };
import trimming from "./scripts/parts/trimming.lua" with { type: "text" };
import undoing from "./scripts/parts/undoing.lua" with { type: "text" };
import unsetting from "./scripts/parts/unsetting.lua" with { type: "text" };
import put from "./scripts/put.lua" with { type: "text" };
import trim from "./scripts/trim.lua" with { type: "text" };
import values from "./scripts/values.lua" with { type: "text" };

/**
 * Each script as its parts: one comes after those that it needs, and what the script does comes last. Redis makes the
 * functions of a script anew with each call, so a script has only the parts that it needs.
 */
export const PARTS = {
  append: [
    ...[keys, environment, state, inParts, blocks, seqs, time, names, heldNames, lateNames, endedTopics],
    ...[lastingKeys, setting, unsetting, keeping, dropping],
    ...[oldestBlock, trimming, counts, beforeAppend, append],
  ],
  erase: [
    ...[keys, environment, state, inParts, blocks, places, seqs, time, names],
    ...[lastingKeys, unsetting, erasing, oldestBlock, trimming, counts, beforeAppend, erase],
  ],
  look_up: [keys, environment, state, inParts, seqs, time, heldNames, beforeAppend, lookUp],
  name: [keys, environment, state, inParts, blocks, names, name],
  trim: [
    ...[keys, environment, state, inParts, blocks, seqs, time, names],
    ...[lastingKeys, unsetting, dropping, oldestBlock, trimming, counts, trim],
  ],
  values: [keys, state, blocks, places, values],
  ends: [keys, state, ends],
  block: [keys, blocks, places, block],
  hello: [
    ...[keys, environment, state, inParts, blocks, places, seqs, time, names, lastingKeys],
    ...[unsetting, undoing, lives, cutting, oldestBlock, meddling, counts, recoveryState, recovery, hello],
  ],
  put: [
    ...[keys, environment, state, inParts, blocks, places, seqs, time, names, lastingKeys],
    ...[setting, unsetting, undoing, erasing, keeping, lives, cutting, counts, recoveryState, recovery, put],
  ],
} as const;

/** What Redis is asked to do. */
export type Operation = keyof typeof PARTS;

/**
 * The script of an operation.
 *
 * @param about how it learns the time and who the master is, in the place of environment.lua.
 */
export function scriptOf(operation: Operation, about: string = environment): string {
  return PARTS[operation].map((part) => (part === environment ? about : part)).join("\n");
}
