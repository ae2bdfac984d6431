/** Monthly active users that cost nothing. */
export const FREE_ACTIVE = 50_000;

/** What a number of people costs in a month. `cost` is in the currency of the price. */
export type Bill = { billable: number; cost: number };

/** Guests with a sign-in in a month, beyond the free ones. */
export function activeBill(
  active: number,
  { free = FREE_ACTIVE, price }: { free?: number; price: number },
): Bill {
  return billOf(Math.max(0, active - free), price);
}

/** Guests that a governance feature touched in a month; none is free. */
export function governanceBill(touched: number, price: number): Bill {
  return billOf(touched, price);
}

function billOf(billable: number, price: number): Bill {
  // A price has more decimals than a binary fraction keeps.
  return { billable, cost: Number((billable * price).toFixed(6)) };
}
