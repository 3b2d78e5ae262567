/** Brings the nodes of a hub what they tell each other. */
export interface Carrier {
  /** This node's name. */
  readonly node: string;
  /** Has the listener told, once, of what others tell from now on. */
  follow(listener: CarrierListener): void;
  /** Tells all other nodes, or one, in order. One that is silent gets it when it is back. */
  tell(text: string, to?: string): void;
}

export interface CarrierListener {
  told(from: string, text: string): void;
  /** These are the nodes now, this one included. */
  nodesChanged(names: readonly string[]): void;
}
