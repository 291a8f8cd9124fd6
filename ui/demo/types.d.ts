/** The shapes the demo shop's server speaks, for tsc alone: browsers never fetch this file. */

import type { Build } from "../widget/dom.js";
import type { Say } from "../widget/types";

export type Locale = string;
/** By language; English is always there. */
export type Text = Record<Locale, string>;

export interface Product {
  sku: string;
  name: Text;
  text: Text;
  price_minor: number;
  image: string;
  available: number;
  alternatives: string[];
  sells_out_in_basket: boolean;
  variant?: Text;
  variants?: string[];
  /** The variant that alone stands in the window. */
  of?: string;
}

export interface Line {
  sku: string;
  quantity: number;
}

export interface Quote {
  sold_out: string[];
  subtotal_minor: number;
  discount_minor: number;
  shipping_minor: number;
  total_minor: number;
}

export interface Stockout {
  sku: string;
  stage: "viewed" | "in_cart" | "ordered";
  /** The demo's day it was reported on. */
  day: string;
  /** Whether its offer was taken, wheel or waiting. */
  taken?: boolean;
  shopper_token: string;
  expires_at: string;
}

export interface Reserved {
  label: string;
  redemption: { redemption_id: string; kind: string; discount_minor: number; free_shipping: boolean };
  gift: Text | null;
  quote: Quote;
}

export interface Order {
  order_id: string;
  /** The basket the order was opened for: another basket needs another order. */
  lines: Line[];
  reserved?: Reserved;
}

/** What the shop sent its customer because Makegood asked it to. */
export interface Letter {
  kind: string;
  about: string;
  to: string | null;
  at: string;
}

export interface Receipt {
  order_id: string;
  total_minor: number;
  saved_minor: number;
  label?: string;
}

/** What the shopper's tab remembers. */
export interface State {
  shopper_id: string;
  lines: Line[];
  stockouts: Stockout[];
  code?: string;
  order?: Order;
  receipt?: Receipt;
  /** Of the last stockout: it opens the account page. */
  token?: string;
  kept?: { sku: string; hold_id: string };
  cancelled?: boolean;
}

/** What every page works with. */
export interface Shop {
  h: Build;
  say: Say;
  locale: Locale;
  state: State;
  save(): void;
  product(sku: string): Product | undefined;
  products: Product[];
  clock: { now: string; time_zone: string };
  /** Look at the shelves again, and show what changed. */
  restocked(): Promise<void>;
  money(minor: number): string;
  picture(product: Product): HTMLImageElement;
  ask<T>(path: string, body: object): Promise<T>;
  /** Report once that this shopper met a product that is not there. */
  stockout(sku: string, stage: Stockout["stage"], lines?: Line[]): Promise<Stockout>;
}
