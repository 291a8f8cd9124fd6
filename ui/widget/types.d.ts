/** The shapes the engine speaks (DESIGN §4), for tsc alone: browsers never fetch this file. */

import type { Build } from "./dom.js";

export interface Slice {
  slice: string;
  reward: string;
  label?: string;
  weight: number;
  odds?: string;
  when_gone?: { reward: string; label: string } | null;
}

export interface Wheel {
  algorithm: string;
  table_digest: string;
  commitment: string;
  total_weight: number;
  slices: Slice[];
}

export interface Award {
  award_id: string;
  offer_id?: string;
  reward: string;
  label: string;
  code: string;
  expires_at: string;
  status: string;
}

export interface Proof {
  algorithm: string;
  offer_id: string;
  table_digest: string;
  commitment: string;
  server_seed: string;
  client_seed: string;
  round: number;
  ticket: number;
}

export interface Spin {
  spin_id: string;
  slice: string;
  slice_index: number;
  stop: string;
  award?: Partial<Award>;
  proof: Proof;
}

/** What the shopper was given, and nothing else: enough to check the spin anywhere. */
export interface Receipt {
  wheel: Wheel;
  spin: Spin;
  /** As the browser knew them before the draw; without them the proof's own are taken. */
  offer_id?: string;
  client_seed?: string;
}

export interface Check {
  name: string;
  ok: boolean;
  expected: string;
  computed: string;
}

/** `ok` is null where the browser offers no cryptography (a page on plain http). */
export interface Verdict {
  ok: boolean | null;
  checks: Check[];
}

export interface Alternative {
  sku: string;
  title?: string | null;
  url?: string | null;
  image_url?: string | null;
  price_minor?: number | null;
}

export interface Offer {
  offer_id: string;
  eligible: boolean;
  reasons: { code: string; message: string }[];
  arm: string | null;
  expires_at: string;
  wheel: Wheel | null;
  product: {
    sku: string;
    title?: string | null;
    expected_on?: string | null;
    reason?: string | null;
    alternatives?: Alternative[];
  };
}

/** What the engine said to a spin; `replayed` when it had said so before. */
export interface Answer {
  json: Spin;
  replayed: boolean;
}

/** What every part of the element works with. */
export interface Scene {
  h: Build;
  say: Say;
  offer: Offer;
  engine: URL;
  ask(seed: string): Promise<Answer>;
  tell(name: string, detail: object): void;
}

export type Message = string | { select: string; [variant: string]: string };
export type Values = Record<string, string | number>;

/** Says a sentence in the shopper's language. */
export interface Say {
  (id: string, values?: Values): string;
  locale: string;
  has(id: string): boolean;
}

declare global {
  interface HTMLElementTagNameMap {
    "makegood-stockout": HTMLElement;
  }
}
