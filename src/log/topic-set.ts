/** The topics as a set: in one order, each once. */
export function topicSet(topics: readonly string[]): readonly string[] {
  return topics.length < 2 ? topics : [...new Set(topics)].sort();
}

/** Whether both lists are the same set of topics. */
export function sameTopics(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === b.length && a.every((topic, i) => topic === b[i])) return true;
  const [x, y] = [topicSet(a), topicSet(b)];
  return x.length === y.length && x.every((topic, i) => topic === y[i]);
}
