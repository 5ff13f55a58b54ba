CREATE TABLE category (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  path TEXT NOT NULL,
  path_key TEXT NOT NULL,
  name TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX category_path_key ON category (path_key);

CREATE TABLE product (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('goods', 'service', 'bundle')),
  status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'discontinued', 'archived')),
  category_id TEXT REFERENCES category (id),
  brand TEXT,
  description TEXT,
  unit TEXT NOT NULL,
  tax_class TEXT NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'reduced2', 'super_reduced', 'zero', 'exempt')),
  tracked BIGINT NOT NULL CHECK (tracked IN (0, 1)),
  allow_backorder BIGINT NOT NULL CHECK (allow_backorder IN (0, 1)),
  min_qty BIGINT NOT NULL CHECK (min_qty > 0),
  multiple BIGINT NOT NULL CHECK (multiple > 0),
  lead_time_days BIGINT NOT NULL CHECK (lead_time_days >= 0),
  attributes TEXT NOT NULL,
  client_visible BIGINT NOT NULL CHECK (client_visible IN (0, 1)),
  public_visible BIGINT NOT NULL CHECK (public_visible IN (0, 1)),
  replacement_id TEXT REFERENCES product (id)
) /*clustered*/;
CREATE INDEX product_name ON product (name_key, id);
CREATE INDEX product_category ON product (category_id, name_key);
CREATE INDEX product_replacement ON product (replacement_id) WHERE replacement_id IS NOT NULL;

CREATE TABLE product_attribute (
  product_id TEXT NOT NULL REFERENCES product (id),
  name_key TEXT NOT NULL,
  value_key TEXT NOT NULL,
  PRIMARY KEY (name_key, value_key, product_id)
) /*clustered*/;
CREATE INDEX product_attribute_product ON product_attribute (product_id);

CREATE TABLE variant (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES product (id),
  sku TEXT NOT NULL,
  sku_key TEXT NOT NULL,
  barcode TEXT,
  options TEXT NOT NULL,
  weight_g BIGINT CHECK (weight_g >= 0),
  status TEXT NOT NULL CHECK (status IN ('active', 'retired'))
) /*clustered*/;
CREATE UNIQUE INDEX variant_sku ON variant (sku_key);
CREATE INDEX variant_product ON variant (product_id, sku_key);
CREATE INDEX variant_barcode ON variant (barcode) WHERE barcode IS NOT NULL;

CREATE TABLE bundle_item (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  bundle_id TEXT NOT NULL REFERENCES variant (id),
  part_id TEXT NOT NULL REFERENCES variant (id),
  quantity BIGINT NOT NULL CHECK (quantity > 0)
) /*clustered*/;
CREATE UNIQUE INDEX bundle_item_part ON bundle_item (bundle_id, part_id);
CREATE INDEX bundle_item_of ON bundle_item (part_id);

CREATE TABLE price_list (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  code TEXT NOT NULL,
  code_key TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('base', 'assigned', 'promotion')),
  currency TEXT NOT NULL,
  prices_include_tax BIGINT NOT NULL CHECK (prices_include_tax IN (0, 1)),
  valid_from TEXT,
  valid_to TEXT,
  priority BIGINT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX price_list_code ON price_list (code_key);

CREATE TABLE price_point (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  price_list_id TEXT REFERENCES price_list (id),
  company_id TEXT REFERENCES company (id),
  variant_id TEXT NOT NULL REFERENCES variant (id),
  currency TEXT NOT NULL,
  min_qty BIGINT NOT NULL CHECK (min_qty >= 0),
  unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
  valid_from TEXT NOT NULL,
  valid_to TEXT,
  CHECK ((price_list_id IS NULL) <> (company_id IS NULL)),
  CHECK (valid_to IS NULL OR valid_to >= valid_from)
) /*clustered*/;
CREATE UNIQUE INDEX price_point_list ON price_point (price_list_id, variant_id, min_qty, valid_from) WHERE price_list_id IS NOT NULL;
CREATE UNIQUE INDEX price_point_company ON price_point (company_id, variant_id, currency, min_qty, valid_from) WHERE company_id IS NOT NULL;
CREATE INDEX price_point_variant ON price_point (variant_id);

CREATE TABLE customer_terms (
  id TEXT NOT NULL PRIMARY KEY REFERENCES company (id),
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  price_list_id TEXT REFERENCES price_list (id),
  discount_bp BIGINT NOT NULL CHECK (discount_bp BETWEEN 0 AND 10000)
) /*clustered*/;
CREATE INDEX customer_terms_list ON customer_terms (price_list_id);

CREATE TABLE location (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('warehouse', 'store', 'transit', 'quarantine')),
  sellable BIGINT NOT NULL CHECK (sellable IN (0, 1)),
  priority BIGINT NOT NULL,
  retired_at TEXT
) /*clustered*/;
CREATE UNIQUE INDEX location_name ON location (name_key);
INSERT INTO location (id, version, created_at, updated_at, name, name_key, kind, sellable, priority) VALUES
  ('00000000-0000-7000-8000-0000000000c1', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 'Main warehouse', 'main warehouse', 'warehouse', 1, 0),
  ('00000000-0000-7000-8000-0000000000c2', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 'Quarantine', 'quarantine', 'quarantine', 0, 0),
  ('00000000-0000-7000-8000-0000000000c3', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', 'Transit', 'transit', 'transit', 0, 0);

CREATE TABLE stock_move (
  id TEXT NOT NULL PRIMARY KEY,
  created_at TEXT NOT NULL,
  at TEXT NOT NULL,
  variant_id TEXT NOT NULL REFERENCES variant (id),
  from_id TEXT REFERENCES location (id),
  to_id TEXT REFERENCES location (id),
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  kind TEXT NOT NULL CHECK (kind IN ('receipt', 'shipment', 'transfer', 'adjustment', 'count', 'return', 'scrap', 'opening')),
  reason TEXT,
  note TEXT,
  unit_cost BIGINT CHECK (unit_cost >= 0),
  ref_kind TEXT,
  ref_id TEXT,
  by_member TEXT REFERENCES member (id),
  CHECK (from_id IS NOT NULL OR to_id IS NOT NULL),
  CHECK (from_id IS NULL OR to_id IS NULL OR from_id <> to_id)
) /*clustered*/;
CREATE INDEX stock_move_variant ON stock_move (variant_id, at, id);
CREATE INDEX stock_move_from ON stock_move (from_id, at, id) WHERE from_id IS NOT NULL;
CREATE INDEX stock_move_to ON stock_move (to_id, at, id) WHERE to_id IS NOT NULL;
CREATE INDEX stock_move_at ON stock_move (at, id);
CREATE INDEX stock_move_ref ON stock_move (ref_id) WHERE ref_id IS NOT NULL;

CREATE TABLE stock_level (
  variant_id TEXT NOT NULL REFERENCES variant (id),
  location_id TEXT NOT NULL REFERENCES location (id),
  on_hand BIGINT NOT NULL CHECK (on_hand >= 0),
  reserved BIGINT NOT NULL CHECK (reserved >= 0),
  PRIMARY KEY (variant_id, location_id),
  CHECK (reserved <= on_hand)
) /*clustered*/;
CREATE INDEX stock_level_location ON stock_level (location_id, variant_id);

CREATE TABLE reservation (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  variant_id TEXT NOT NULL REFERENCES variant (id),
  location_id TEXT NOT NULL REFERENCES location (id),
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  sold_id TEXT NOT NULL REFERENCES variant (id),
  sold_qty BIGINT NOT NULL CHECK (sold_qty > 0),
  ref_kind TEXT NOT NULL,
  ref_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'consumed', 'released', 'expired')),
  expires_at TEXT
) /*clustered*/;
CREATE INDEX reservation_ref ON reservation (ref_id, status);
CREATE INDEX reservation_stock ON reservation (variant_id, location_id, status);

CREATE TABLE supplier_item (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  variant_id TEXT NOT NULL REFERENCES variant (id),
  supplier_sku TEXT,
  cost BIGINT NOT NULL CHECK (cost >= 0),
  currency TEXT NOT NULL,
  min_qty BIGINT NOT NULL CHECK (min_qty > 0),
  multiple BIGINT NOT NULL CHECK (multiple > 0),
  lead_time_days BIGINT NOT NULL CHECK (lead_time_days >= 0),
  preferred BIGINT NOT NULL CHECK (preferred IN (0, 1))
) /*clustered*/;
CREATE UNIQUE INDEX supplier_item_variant ON supplier_item (variant_id, company_id);
CREATE INDEX supplier_item_company ON supplier_item (company_id);

CREATE TABLE purchase_order (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  location_id TEXT NOT NULL REFERENCES location (id),
  expected_on TEXT,
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'sent', 'partially_received', 'received', 'closed', 'cancelled')),
  sent_at TEXT,
  closed_at TEXT,
  close_reason TEXT
) /*clustered*/;
CREATE UNIQUE INDEX purchase_order_number ON purchase_order (number);
CREATE INDEX purchase_order_company ON purchase_order (company_id, status);
CREATE INDEX purchase_order_status ON purchase_order (status, id);

CREATE TABLE purchase_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  purchase_id TEXT NOT NULL REFERENCES purchase_order (id),
  position BIGINT NOT NULL,
  variant_id TEXT NOT NULL REFERENCES variant (id),
  sku TEXT NOT NULL,
  name TEXT NOT NULL,
  supplier_sku TEXT,
  ordered BIGINT NOT NULL CHECK (ordered > 0),
  received BIGINT NOT NULL CHECK (received >= 0),
  damaged BIGINT NOT NULL CHECK (damaged >= 0 AND damaged <= received),
  closed_short BIGINT NOT NULL CHECK (closed_short >= 0),
  cost BIGINT NOT NULL CHECK (cost >= 0)
) /*clustered*/;
CREATE UNIQUE INDEX purchase_line_position ON purchase_line (purchase_id, position);
CREATE INDEX purchase_line_variant ON purchase_line (variant_id);

CREATE TABLE purchase_receipt (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  purchase_id TEXT NOT NULL REFERENCES purchase_order (id),
  received_at TEXT NOT NULL,
  delivery_note TEXT,
  note_key TEXT
) /*clustered*/;
CREATE INDEX purchase_receipt_purchase ON purchase_receipt (purchase_id);
CREATE INDEX purchase_receipt_note ON purchase_receipt (note_key);

CREATE TABLE valuation (
  variant_id TEXT NOT NULL PRIMARY KEY REFERENCES variant (id),
  average_cost BIGINT NOT NULL CHECK (average_cost >= 0),
  last_cost BIGINT NOT NULL CHECK (last_cost >= 0),
  updated_at TEXT NOT NULL
) /*clustered*/;
