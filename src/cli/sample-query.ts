/** What a newcomer pastes first: one query, both databases. */
export const SAMPLE_QUERY = `{
  orders(first: 50) {
    nodes {
      orderNumber
      total
      user { username email }
    }
  }
}`;
