/** Why a worker could not do what it was told. */
export interface Failed {
  readonly failed: string;
}

/** Has a worker answer each order with what comes of it. */
export function answerOrders<Order>(worker: Worker, work: (order: Order) => Promise<unknown>): void {
  worker.onmessage = async ({ data: order }: MessageEvent<Order>) => {
    try {
      worker.postMessage(await work(order));
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      worker.postMessage({ failed } satisfies Failed);
    }
  };
}
