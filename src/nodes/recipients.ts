import { type Static, Type } from "@sinclair/typebox";
import type { Broker } from "../broker/broker.ts";
import type { Client } from "../broker/client.ts";
import { Filter, mayRead, type PrivateTopics, patternsOf, toPrivateTopics } from "../broker/interest.ts";
import type { Draft } from "../log/entry.ts";
import { PatternIndex } from "../topics/pattern-index.ts";
import { checker } from "./messages.ts";
import type { Nodes } from "./nodes.ts";

/** Its topics, types, and the topics whose private events it may read. */
const InterestKey = Type.Tuple([
  Type.Array(Type.String()),
  Type.Array(Type.String()),
  Type.Array(Type.String()),
]);
const checkKey = checker(InterestKey);

/** Clients of other nodes that ask for the same and may read the same. */
interface Group {
  readonly filter: Filter;
  readonly patterns: readonly string[];
  readonly privateTopics: PrivateTopics;
  count: number;
  /** The number of the search that found it last: an event may find it by several of its topics. */
  foundBy: number;
}

/** How many clients of the other nodes an event is for, as last heard. */
export class RecipientsElsewhere {
  readonly #groups = new Map<string, Group>();
  readonly #byTopic = new PatternIndex<Group>();
  #searches = 0;

  /** Tells the other nodes what this node's clients ask for, and hears the same of theirs. */
  share(broker: Broker, nodes: Nodes): void {
    const interests = nodes.counts("interests", (key, count) => this.#changed(key, count));
    broker.crowdElsewhere = () => this.#byTopic.crowd;
    broker.watchClients((client, difference) => interests.add(keyOf(client), difference));
  }

  count(draft: Draft): number {
    let count = 0;
    if (draft.topics.length === 0) {
      for (const group of this.#groups.values()) if (group.filter.wants(draft)) count += group.count;
      return count;
    }
    const search = ++this.#searches;
    for (const topic of draft.topics) {
      this.#byTopic.find(topic, (group) => {
        if (group.foundBy === search) return;
        group.foundBy = search;
        if (group.filter.takes(draft.type) && mayRead(group.privateTopics, draft)) count += group.count;
      });
    }
    return count;
  }

  #changed(key: string, count: number): void {
    const group = this.#groups.get(key) ?? this.#add(key);
    group.count = count;
    if (count > 0) return;
    this.#groups.delete(key);
    for (const pattern of group.patterns) this.#byTopic.remove(pattern, group);
  }

  #add(key: string): Group {
    const [topics, types, privateTopics]: Static<typeof InterestKey> = checkKey(JSON.parse(key));
    const interest = { topics, types, privateTopics };
    const group = {
      filter: new Filter(interest),
      patterns: patternsOf(interest),
      privateTopics: toPrivateTopics(privateTopics),
      count: 0,
      foundBy: 0,
    };
    this.#groups.set(key, group);
    for (const pattern of group.patterns) this.#byTopic.add(pattern, group);
    return group;
  }
}

function keyOf({ subscription: { interest }, privateTopics }: Client): string {
  return JSON.stringify([interest.topics, interest.types, privateTopics?.patterns ?? []]);
}
