/** Asks the graph that is served on this port; what is no data is an error. */
export async function ask<T>(port: string, query: string, variables: object = {}): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** Creates an order for the newest order's user and returns its number. */
export async function createOrder(port: string): Promise<string> {
  const { orders } = await ask<{ orders: { nodes: { user: { id: string } }[] } }>(
    port,
    '{ orders(first: 1) { nodes { user { id } } } }',
  );
  const { createOrder } = await ask<{ createOrder: { order: { orderNumber: string } } }>(
    port,
    'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { orderNumber } } }',
    { input: { userId: orders.nodes[0]?.user.id, total: '12.50' } },
  );
  return createOrder.order.orderNumber;
}

/** How many orders there are, and the number of the newest. */
export async function newestOrder(port: string): Promise<{ count: number; orderNumber: string | undefined }> {
  const { orders } = await ask<{ orders: { totalCount: number; nodes: { orderNumber: string }[] } }>(
    port,
    '{ orders(first: 1) { totalCount nodes { orderNumber } } }',
  );
  return { count: orders.totalCount, orderNumber: orders.nodes[0]?.orderNumber };
}
