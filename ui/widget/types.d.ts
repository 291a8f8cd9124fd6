/** The shapes the engine speaks (DESIGN §4), for tsc alone: browsers never fetch this file. */

import type { connect } from "./api.js";
import type { Build } from "./dom.js";

export type Ask = ReturnType<typeof connect>;

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
  patience: Patience | null;
  /** In the arm `sure` of an experiment alone. */
  sure?: { reward: string; label: string };
  product: {
    sku: string;
    expected_on?: string | null;
    reason?: string | null;
    alternatives?: Alternative[];
  };
  moment: {
    title: string | null;
    variant: string | null;
    first_name: string | null;
    /** When it is back, and why it is not there, as sentences. */
    expected: string;
    why: string | null;
    available: boolean;
    /** What the alternatives cost, by SKU, in words. */
    prices: Record<string, string>;
    notices: boolean;
    address_known: boolean;
    told_when_back: boolean;
    order: { choice: string | null } | null;
    spun: boolean;
    waiting: EnrolmentSummary | null;
  };
}

/** One line of `GET /v1/availability`. */
export interface Shelf {
  sku: string;
  status: "available" | "low" | "backorder" | "out" | "unknown";
  left: number | null;
  expected_on: string | null;
  reason: string | null;
}

/** What the engine said to a spin; `replayed` when it had said so before. */
export interface Answer {
  json: Spin;
  replayed: boolean;
}

export interface Surprise extends Wheel {
  draw_id: string;
}

export interface Milestone {
  points: number;
  reward: string;
  label: string;
  surprise?: Surprise;
}

export interface Spend {
  reward: string;
  label: string;
  points: number;
}

/** The terms of waiting. */
export interface Patience {
  points_per_day: number;
  starter_points: number;
  milestones: Milestone[];
  days_max: number;
  delay_bonus_points: number;
  points_expire_days: number;
  hold_hours: number;
  with_wheel: "both" | "either";
  spend: Spend[];
}

export interface EnrolmentSummary {
  enrolment_id: string;
  sku: string;
  title: string | null;
  status: "active" | "bought" | "left" | "lapsed" | "over";
  points: number;
  started_on: string;
  last_on: string;
  next_milestone: { points: number; label: string; points_missing: number; expected_on: string | null } | null;
  restock: {
    expected_on: string | null;
    reason: string | null;
    /** Units are there, for those served first. */
    arrived: boolean;
    history: { expected_on: string | null; reason: string | null; told_at: string }[];
  };
  hold: { hold_id: string; quantity: number; ends_at: string } | null;
}

export interface Reached extends Milestone {
  status: "ahead" | "reached" | "missed";
  expected_on: string | null;
  award: Award | null;
  proof?: Proof;
  slice?: string;
  slice_index?: number;
  stop?: string;
}

export interface Claim {
  claim_id: string;
  label: string;
  points: number;
  reversed: boolean;
  award: Award;
}

export interface ClaimMade {
  claim: Claim;
  points: number;
}

export interface Enrolment extends EnrolmentSummary {
  today: string;
  points_per_day: number;
  points_expire_days: number;
  points_expire_at: string | null;
  entries: { day: string; kind: string; points: number; reason: string }[];
  milestones: Reached[];
  queue: { before: number; waiting: number } | null;
  spend: Spend[];
  claims: Claim[];
  client_seed: string;
}

/** What both elements work with. */
export interface Basis {
  h: Build;
  say: Say;
  engine: URL;
  ask: Ask;
  attribute(name: string): string | null;
  tell(name: string, detail: object): void;
  /** What was asked before the words were there. */
  early: Promise<any>;
  root: ShadowRoot;
  token: string | null;
  /** Where everything is shown, with the language and its direction. */
  place: HTMLElement;
}

/** What every part of the sold-out moment works with. */
export interface Scene extends Basis {
  offer: Offer;
  /** Who waits for this product already. */
  waiting: EnrolmentSummary | null;
}

export type Message = string | { select: string; [variant: string]: string };

/** The sentences of one language; `dir` is missing where it is `ltr`, `decimal` where numbers have digits of their own. */
export interface Words {
  locale: string;
  dir?: string;
  decimal?: string;
  messages: Record<string, Message>;
}

export type Values = Record<string, string | number>;

/** Says a sentence in the shopper's language. */
export interface Say {
  (id: string, values?: Values): string;
  /** The language and country of the words, and the same with our digits and our calendar, for `Intl`. */
  lang: string;
  locale: string;
  dir: string;
  has(id: string): boolean;
  /** Fetch the sentences of a part. */
  learn(part: string): Promise<unknown>;
  /** Keep them for a visit without the engine. */
  keep(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "makegood-stockout": HTMLElement;
    "makegood-patience": HTMLElement;
    "makegood-stock": HTMLElement;
  }
}
