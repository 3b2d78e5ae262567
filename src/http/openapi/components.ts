import type { TSchema } from "@sinclair/typebox";

// What many operations share stands in each of their descriptions, so that those hold in any
// application's. The hub's own has it once, among its components.

/** In an object of a description: `section/name`, its place among the components. */
const PLACE = "x-component";

/** Says where among the components an object of a description belongs. */
export function named<Described extends object>(section: string, name: string, object: Described): Described {
  return { ...object, [PLACE]: `${section}/${name}` };
}

/** The schema without what only TypeBox reads. */
export function plain(schema: TSchema) {
  return JSON.parse(JSON.stringify(schema));
}

/** The same object with other members. */
export function mapMembers<Member, Mapped>(
  object: Readonly<Record<string, Member>>,
  map: (member: Member) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(object).map(([name, member]) => [name, map(member)]));
}

type Components = Record<string, Record<string, unknown>>;

/** The same description, in which named objects are references to the components, and those. */
export function withComponents(description: unknown): {
  readonly paths: unknown;
  readonly components: Components;
} {
  const components: Components = {};
  return { paths: referring(description, components), components };
}

function referring(value: unknown, components: Components): unknown {
  if (Array.isArray(value)) return value.map((one) => referring(one, components));
  if (typeof value !== "object" || value === null) return value;
  const members: Record<string, unknown> = {};
  let place: string | undefined;
  for (const [key, member] of Object.entries(value)) {
    if (key === PLACE) place = String(member);
    else members[key] = referring(member, components);
  }
  if (place === undefined) return members;
  const [section = "", name = ""] = place.split("/");
  components[section] ??= {};
  components[section][name] = members;
  return { $ref: `#/components/${place}` };
}
